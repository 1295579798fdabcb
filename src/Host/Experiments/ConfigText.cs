namespace Sim.Host.Experiments;

/// <summary>The bytes of an experiment file, and the words for a place in them.</summary>
/// <param name="name">The file's name as the user gave it.</param>
public sealed class ConfigText(string name, byte[] bytes)
{
    /// <summary>An experiment file may have this many bytes.</summary>
    public const int MaxBytes = 16 << 20;

    public string Name { get; } = name;

    public byte[] Bytes { get; } = bytes;

    /// <summary>Reads a file of bounded size.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, for messages.</param>
    /// <param name="example">A file of that kind to start from.</param>
    /// <exception cref="ExperimentException">It is missing, unreadable or too large.</exception>
    public static ConfigText Load(string path, string what = "experiment", string example = "traces/quickstart.json")
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw new ExperimentException($"{path} is a directory. Name the {what} file in it.");
            }
            using FileStream file = File.OpenRead(path);
            using var content = new MemoryStream();
            var buffer = new byte[64 * 1024];
            for (int n; (n = file.Read(buffer)) > 0;)
            {
                content.Write(buffer, 0, n);
                if (content.Length > MaxBytes)
                {
                    throw new ExperimentException(
                        $"{path} has more than {MaxBytes >> 20} MiB; such a file is small. Traces are files of their own, named by the experiment.");
                }
            }
            return new ConfigText(path, content.ToArray());
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ExperimentException($"The {what} file {path} does not exist. Check the path; {example} is an example to start from.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ExperimentException($"The {what} file {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>An exception whose message starts with the place.</summary>
    public ExperimentException Problem(ConfigPlace place, string what) => new($"{Where(place)}: {what}");

    private string Where(ConfigPlace place)
    {
        if (place.Option is not null)
        {
            return place.Option;
        }
        long line = 1;
        for (long i = 0; i < place.Offset && i < Bytes.Length; i++)
        {
            line += Bytes[i] == '\n' ? 1 : 0;
        }
        return $"{Name}, line {line}, byte {place.Offset}";
    }
}
