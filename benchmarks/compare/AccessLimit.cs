using System.Globalization;
using System.Runtime.InteropServices;
using Sim.Host.Traces;

namespace Sim.Compare;

/// <summary>
/// The loop of <c>access_path.cpp</c> on the very addresses of a trace: no stream that the loop can make by itself has
/// like locality (its lines in a row miss an L1 TLB more often and a row less often than any program, its other streams
/// far more often). The loop is the file's own, compiled with one more way to fill the ring of addresses it runs over.
/// </summary>
/// <param name="AccessesPerCpuSecond">Its speed.</param>
/// <param name="Locality">What its caches made of the stream.</param>
internal sealed record AccessLimit(double AccessesPerCpuSecond, Locality Locality)
{
    /// <summary>Addresses in the loop's ring (its constant M).</summary>
    private const int RingAddresses = 1 << 22;

    /// <summary>Accesses timed: five times round the ring.</summary>
    private const int Accesses = 5 * RingAddresses;

    private const string Marker = "if(pat==\"random\")";
    private const string Number = @"([\d.]+)";

    /// <summary>Runs the loop on the accesses in the middle of a trace of <c>traces/</c>.</summary>
    public static AccessLimit Measure(string trace)
    {
        using var folder = new TemporaryFolder();
        string addresses = Path.Combine(folder.Path, "addresses");
        int pages = WriteAddresses(Path.Combine(Limits.Root(), "traces", trace + ".simtrace"), addresses);
        string source = Path.Combine(folder.Path, "access_path.cpp"), binary = Path.Combine(folder.Path, "access_path");
        string loop = File.ReadAllText(Limits.SourceOf("access_path"));
        if (!loop.Contains(Marker, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"access_path.cpp has no line with {Marker}, before which reading a stream goes.");
        }
        File.WriteAllText(source, loop.Replace(
            Marker, "if(pat==\"file\"){FILE*f=fopen(v[5],\"rb\");if(!f||fread(st.data(),8,M,f)!=M)return 1;for(auto&x:st)x+=base<<12;}\n  else " + Marker, StringComparison.Ordinal));
        Limits.Compile(source, binary);
        int mebibytes = (pages + 255) / 256;
        double[] figures = Limits.RunBinary(
            binary, string.Create(CultureInfo.InvariantCulture, $"{mebibytes} file {Accesses} 1 {addresses}"),
            $"{Number} M acc/cpu-s \\| L1 {Number} L2 {Number} walk {Number} ptreads \\d+ rowhit {Number}");
        return new AccessLimit(figures[0] * 1e6, new Locality(1 - figures[1], figures[3], 1 - figures[4]));
    }

    /// <summary>Writes a ring of addresses whose pages are numbered without gaps, in the order of the real ones; returns the number of pages.</summary>
    private static int WriteAddresses(string trace, string path)
    {
        ulong[] addresses = ReadMiddle(trace);
        ulong[] pages = [.. addresses.Select(a => a >> 12).Distinct().Order()];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = ((ulong)Array.BinarySearch(pages, addresses[i] >> 12) << 12) | (addresses[i] & 4095);
        }
        using FileStream file = File.Create(path);
        file.Write(MemoryMarshal.AsBytes<ulong>(addresses));
        return pages.Length;
    }

    private static ulong[] ReadMiddle(string trace)
    {
        using TraceReader reader = TraceReader.Open(trace);
        long skip = Math.Max(0, (reader.Header.Accesses - RingAddresses) / 2);
        ulong[] addresses = new ulong[RingAddresses];
        var batch = new TraceRecord[4096];
        int n = 0, count;
        while (n < addresses.Length && (count = reader.ReadBatch(batch)) > 0)
        {
            for (int i = 0; i < count && n < addresses.Length; i++)
            {
                if (batch[i].IsAccess && skip-- <= 0)
                {
                    addresses[n++] = batch[i].Address;
                }
            }
        }
        return n == addresses.Length ? addresses : throw new InvalidOperationException($"{trace} has fewer than {RingAddresses} accesses.");
    }
}
