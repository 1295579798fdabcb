using System.IO.Compression;
using System.Text.Json;
using Sim.Kernel.Faults;
using Sim.Kernel.Mm;
using Sim.Kernel.Tests.Support;

namespace Sim.Kernel.Tests.Mm;

/// <summary>
/// Calls recorded on Debian's 6.1 kernels (amd64 and 686-pae), replayed: results, areas with all their flags and merges, pages of
/// anonymous areas, and counters after every call. Each sequence goes as far as it uses mmap, munmap, mprotect, brk and
/// touches only.
/// </summary>
public class RecordedCallsTests
{
    // Lengths of the recorded target's files; a touch behind the end is SIGBUS there.
    private const int ReadWriteFile = 3, ReadOnlyFile = 4, WriteOnlyFile = 5;

    [Theory]
    [InlineData("calls-6.1-amd64.jsonl.gz", KernelProfile.X86_64, 2566)]
    [InlineData("calls-6.1-i686-pae.jsonl.gz", KernelProfile.I386Classic, 1018)]
    public void EveryCallDoesWhatTheRealKernelDid(string recording, KernelProfile profile, int calls)
    {
        using Stream stream = typeof(RecordedCallsTests).Assembly.GetManifestResourceStream(recording)!;
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        int replayed = 0;
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument sequence = JsonDocument.Parse(line);
            replayed += new Replay(profile, sequence.RootElement).Run();
        }
        Assert.Equal(calls, replayed);
    }

    private sealed class Replay
    {
        private readonly JsonElement _sequence;
        private readonly TestVirtualMemory _vm;
        private readonly int _pid;
        private readonly int _a, _b, _target;
        private readonly bool _i386;
        private readonly long _initialTables;
        private bool _filesTouched;

        public Replay(KernelProfile profile, JsonElement sequence)
        {
            _sequence = sequence;
            _i386 = profile == KernelProfile.I386Classic;
            JsonElement limits = sequence.GetProperty("rlimits");
            _vm = new TestVirtualMemory(profile, 512L << 20, new MmOptions
            {
                StackLimitBytes = Limit(limits, "stack"),
                AddressSpaceLimitBytes = -1,
                DataLimitBytes = -1,
            });
            _pid = _vm.NewProcess();
            _a = _vm.Kernel.Journal.Intern("A");
            _b = _vm.Kernel.Journal.Intern("B");
            _target = _vm.Kernel.Journal.Intern("target");
            foreach (JsonElement area in sequence.GetProperty("fixed_areas").EnumerateArray())
            {
                MapInitial(area);
            }
            foreach (JsonElement area in sequence.GetProperty("init").GetProperty("areas").EnumerateArray())
            {
                MapInitial(area);
            }
            _vm.Mapping.SetLayout(_pid, sequence.GetProperty("brk0").GetUInt64(), 0, -1);
            _initialTables = _vm.Spaces[_pid].PageTables;
        }

        private static long Limit(JsonElement limits, string name) =>
            limits.GetProperty(name).ValueKind == JsonValueKind.Null ? -1 : limits.GetProperty(name).GetInt64();

        private void MapInitial(JsonElement area)
        {
            ulong start = area[0].GetUInt64(), end = area[1].GetUInt64();
            string perms = area[2].GetString()!, id = area[4].GetString()!;
            ProtFlags prot = (perms[0] == 'r' ? ProtFlags.Read : 0) | (perms[1] == 'w' ? ProtFlags.Write : 0) | (perms[2] == 'x' ? ProtFlags.Exec : 0);
            MapFlags flags = MapFlags.Private | MapFlags.Fixed;
            if (id == "stack")
            {
                Assert.Equal(0, _vm.Mapping.MapStack(_pid, start, end, _vm.Cpu, -1));
            }
            else if (id == "heap")
            {
                Assert.Equal((long)start, _vm.Mmap(_pid, start, end - start, prot, flags | MapFlags.Anonymous));
            }
            else
            {
                // vvar and vdso have no file; any object that merges with nothing stands for them.
                int symbol = id == "target" ? _target : _vm.Kernel.Journal.Intern(id);
                Assert.Equal((long)start, _vm.Mmap(_pid, start, end - start, prot, flags, new MappedFile(symbol), area[3].GetUInt64()));
            }
            ulong at = start;
            foreach (char page in Pages(area[6].GetString()!))
            {
                if (page is 'A' or 'F')
                {
                    Assert.Equal(SegvCode.None, _vm.Touch(_pid, at, write: page == 'A'));
                }
                at += 4096;
            }
        }

        public int Run()
        {
            int steps = 0;
            VirtualLimits();
            foreach (JsonElement step in _sequence.GetProperty("steps").EnumerateArray())
            {
                long faults = _vm.Spaces.Faults(_pid).Minor + _vm.Spaces.Faults(_pid).Major;
                string where = $"sequence {_sequence.GetProperty("seq")} step {step.GetProperty("i")} {step.GetProperty("call")} {step.GetProperty("args")}";
                long expected = step.TryGetProperty("err", out JsonElement error)
                    ? -(long)Enum.Parse<Errno>(error.GetString()!)
                    : step.GetProperty("ret").GetInt64();
                long actual = Call(step);
                Assert.True(expected == actual, $"{where}: returned {actual}, expected {expected}");
                CheckState(step, where, _vm.Spaces.Faults(_pid).Minor + _vm.Spaces.Faults(_pid).Major - faults);
                steps++;
            }
            _vm.AssertInvariants();
            return steps;
        }

        /// <summary>The recorder set the limits after exec, when the program was mapped already.</summary>
        private void VirtualLimits()
        {
            JsonElement limits = _sequence.GetProperty("rlimits");
            _vm.Limit(Limit(limits, "as"), Limit(limits, "data"));
        }

        private long Call(JsonElement step)
        {
            ulong[] args = [.. step.GetProperty("args").EnumerateArray().Select(a => a.ValueKind == JsonValueKind.Number && a.TryGetUInt64(out ulong u) ? u : unchecked((ulong)a.GetInt64()))];
            switch (step.GetProperty("call").GetString())
            {
                case "mmap":
                    return _vm.Mmap(_pid, args[0], args[1], (ProtFlags)args[2], (MapFlags)args[3], File((int)(long)args[4]), args[5]);
                case "mmap2":
                    return _vm.Mmap(_pid, args[0], args[1], (ProtFlags)args[2], (MapFlags)args[3], File((int)(long)args[4]), args[5] << 12);
                case "munmap":
                    return _vm.Munmap(_pid, args[0], args[1]);
                case "mprotect":
                    return _vm.Mprotect(_pid, args[0], args[1], (ProtFlags)args[2]);
                case "brk":
                    return _vm.Brk(_pid, args[0]);
                default:
                    return Touch(step);
            }
        }

        private MappedFile File(int descriptor) => descriptor switch
        {
            ReadWriteFile => new MappedFile(_a, Readable: true, Writable: true),
            ReadOnlyFile => new MappedFile(_b),
            WriteOnlyFile => new MappedFile(_a, Readable: false, Writable: true),
            _ => MappedFile.None,
        };

        private long Touch(JsonElement step)
        {
            long ok = 0;
            foreach (JsonElement touch in step.GetProperty("touches").EnumerateArray())
            {
                ulong address = touch[0].GetUInt64();
                bool write = touch[1].ValueKind == JsonValueKind.True || (touch[1].ValueKind == JsonValueKind.Number && touch[1].GetInt32() != 0);
                string result = touch[2].GetString()!;
                _filesTouched |= _vm.AreasOf(_pid).Any(a => a.Contains(address) && a.VmFile > 0);
                if (result == "SIGBUS")
                {
                    // Pages behind a file's end are not simulated; all such touches are of files.
                    Assert.True(_filesTouched);
                    continue;
                }
                SegvCode code = _vm.Touch(_pid, address, write);
                Assert.Equal(result, code switch { SegvCode.None => "ok", SegvCode.MapErr => "SEGV_MAPERR", _ => "SEGV_ACCERR" });
                ok += code == SegvCode.None ? 1 : 0;
            }
            return ok;
        }

        private void CheckState(JsonElement step, string where, long faults)
        {
            JsonElement[] expected = [.. step.GetProperty("areas").EnumerateArray()];
            var hidden = _sequence.GetProperty("fixed_areas").EnumerateArray().Select(a => a[0].GetUInt64()).ToHashSet();
            List<VmArea> actual = [.. _vm.AreasOf(_pid).Where(a => !hidden.Contains(a.VmStart))];
            string all = string.Join("\n", actual.Select(a => $"{a.VmStart:x}-{a.VmEnd:x} {a.VmFlags} anon_vma {a.AnonVma}"));
            Assert.True(expected.Length == actual.Count, $"{where}: {actual.Count} areas, expected {expected.Length}\n{all}\n{step.GetProperty("areas")}");
            for (int i = 0; i < expected.Length; i++)
            {
                VmArea area = actual[i];
                string id = expected[i][4].GetString()!;
                string text = $"[{area.VmStart},{area.VmEnd},\"{Perms(area.VmFlags)}\",{(area.VmFile == 0 ? 0 : area.VmPgoff << 12)},\"{id}\",\"{Flags(area.VmFlags)}\"";
                Assert.True(expected[i].GetRawText().StartsWith(text, StringComparison.Ordinal),
                    $"{where}: {text}, expected {expected[i].GetRawText()}\n{all}");
                if (area.VmFile == 0)
                {
                    CheckPages(area, expected[i][6].GetString()!, where);
                }
            }
            AddressSpace mm = _vm.Spaces[_pid];
            Assert.True(step.GetProperty("vmdata").GetInt64() == mm.DataVm, $"{where}: data_vm {mm.DataVm}, expected {step.GetProperty("vmdata")}");
            if (!_filesTouched)
            {
                Assert.True(step.GetProperty("minflt").GetInt64() == faults, $"{where}: {faults} faults, expected {step.GetProperty("minflt")}");
                Assert.Equal(step.GetProperty("rss").GetProperty("anon").GetInt64(), mm.AnonRss);
                // The recorded 32-bit kernel had three levels of tables.
                long tables = mm.PageTables - _initialTables;
                long recorded = step.GetProperty("vmpte").GetInt64() - _sequence.GetProperty("init").GetProperty("vmpte").GetInt64();
                Assert.True(_i386 || tables == recorded, $"{where}: {tables} more page tables, expected {recorded}");
            }
        }

        private void CheckPages(VmArea area, string expected, string where)
        {
            ulong at = area.VmStart;
            foreach (char page in Pages(expected))
            {
                long pfn = _vm.FrameAt(_pid, at);
                char actual = pfn < 0 ? '.' : pfn == _vm.Spaces.ZeroPfn ? 'Z' : 'A';
                Assert.True(actual == page, $"{where}: page 0x{at:x} is {actual}, expected {page}");
                at += 4096;
            }
        }

        private static IEnumerable<char> Pages(string runs)
        {
            int count = 0;
            foreach (char c in runs)
            {
                if (char.IsAsciiDigit(c))
                {
                    count = count * 10 + c - '0';
                    continue;
                }
                for (int i = 0; i < Math.Max(count, 1); i++)
                {
                    yield return c;
                }
                count = 0;
            }
        }

        private static string Perms(VmFlags flags) =>
            $"{((flags & VmFlags.Read) != 0 ? 'r' : '-')}{((flags & VmFlags.Write) != 0 ? 'w' : '-')}{((flags & VmFlags.Exec) != 0 ? 'x' : '-')}{((flags & VmFlags.MayShare) != 0 ? 's' : 'p')}";

        private static string Flags(VmFlags flags)
        {
            (VmFlags Flag, string Name)[] names =
            [
                (VmFlags.MayRead, "mr"), (VmFlags.MayWrite, "mw"), (VmFlags.MayExec, "me"), (VmFlags.MayShare, "ms"),
                (VmFlags.GrowsDown, "gd"), (VmFlags.Account, "ac"), (VmFlags.NoReserve, "nr"),
            ];
            return string.Join(' ', names.Where(n => (flags & n.Flag) != 0).Select(n => n.Name));
        }
    }
}
