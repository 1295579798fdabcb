using System.Text.Json;
using Sim.Host.Runs;

namespace Sim.Host.Parity.Calls.Live;

/// <summary>Writes a recording as JSON lines (docs/parity-calls.md); the file has its name when it is finished.</summary>
internal sealed class RecordingWriter : IDisposable
{
    private readonly string _path;
    private readonly LiveKernel _kernel;
    private readonly FileStream _file;

    /// <exception cref="IOException">The file cannot be made.</exception>
    public RecordingWriter(string path, LiveKernel kernel)
    {
        (_path, _kernel) = (path, kernel);
        _file = new FileStream(Temporary, FileMode.Create, FileAccess.Write);
    }

    private string Temporary => _path + ".tmp";

    /// <summary>Adds a sequence.</summary>
    public void Write(RecordedSequence sequence)
    {
        using (var json = new Utf8JsonWriter(_file))
        {
            json.WriteStartObject();
            json.WriteNumber("seq", sequence.Number);
            json.WriteString("arch", "amd64");
            json.WriteString("kernel", _kernel.Release);
            json.WriteNumber("mmap_min_addr", sequence.Kernel.MmapMinAddress);
            json.WriteNumber("lowest_hint", sequence.Kernel.LowestPlacedAddress);
            json.WriteNumber("max_map_count", sequence.Kernel.MaxMapCount);
            if (sequence.Kernel.LegacyLayout)
            {
                json.WriteBoolean("legacy_va_layout", true);
            }
            json.WriteNumber("task_size", sequence.TaskSize);
            json.WriteNumber("totalram_pages", sequence.TotalRamPages);
            json.WriteNumber("brk0", sequence.InitialBrk);
            json.WriteStartObject("rlimits");
            Limit(json, "memlock", sequence.MemlockBytes);
            Limit(json, "as", sequence.AddressSpaceBytes);
            Limit(json, "data", sequence.DataBytes);
            Limit(json, "stack", sequence.StackBytes);
            json.WriteEndObject();
            Areas(json, "fixed_areas", sequence.FixedAreas);
            json.WriteStartObject("init");
            State(json, sequence.Init);
            json.WriteEndObject();
            json.WriteStartArray("steps");
            foreach (RecordedStep step in sequence.Steps)
            {
                Step(json, step);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        _file.WriteByte((byte)'\n');
    }

    /// <summary>Gives the file its name.</summary>
    public void Finish()
    {
        _file.Flush(flushToDisk: true);
        _file.Dispose();
        File.Move(Temporary, _path, overwrite: true);
        DurableFile.FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(_path))!);
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(Temporary);
    }

    private static void Step(Utf8JsonWriter json, RecordedStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("i", step.Index);
        json.WriteString("call", step.Call);
        json.WriteStartArray("args");
        foreach (ulong argument in step.Args)
        {
            json.WriteNumberValue(argument);
        }
        json.WriteEndArray();
        if (step.Result.StartsWith("0x", StringComparison.Ordinal))
        {
            json.WriteNumber("ret", Convert.ToUInt64(step.Result, 16));
        }
        else
        {
            json.WriteString("err", step.Result);
        }
        if (step.Call == "touch")
        {
            Touches(json, "touches", step.Touches);
        }
        if (step.Fork is { } fork)
        {
            json.WriteStartObject("child");
            json.WriteStartObject("start");
            State(json, fork.Start);
            json.WriteEndObject();
            Touches(json, "touches", fork.Touches);
            State(json, fork.End);
            json.WriteNumber("minflt", fork.MinorFaults);
            json.WriteNumber("majflt", fork.MajorFaults);
            json.WriteEndObject();
            Touches(json, "parent_touches", fork.ParentTouches);
            json.WriteStartObject("parent_live");
            State(json, fork.ParentLive);
            json.WriteEndObject();
        }
        State(json, step.State);
        json.WriteNumber("minflt", step.MinorFaults);
        json.WriteNumber("majflt", step.MajorFaults);
        json.WriteEndObject();
    }

    private static void State(Utf8JsonWriter json, RecordedState state)
    {
        Areas(json, "areas", state.Areas);
        json.WriteStartObject("rss");
        json.WriteNumber("anon", state.Anon);
        json.WriteNumber("file", state.File);
        json.WriteNumber("shmem", state.Shmem);
        json.WriteEndObject();
        json.WriteNumber("vmpte", state.VmPte);
        json.WriteNumber("vmlck", state.VmLck);
        json.WriteNumber("vmdata", state.VmData);
    }

    private static void Areas(Utf8JsonWriter json, string name, IReadOnlyList<RecordedArea> areas)
    {
        json.WriteStartArray(name);
        foreach (RecordedArea area in areas)
        {
            json.WriteStartArray();
            json.WriteNumberValue(area.Start);
            json.WriteNumberValue(area.End);
            json.WriteStringValue(area.Perms);
            json.WriteNumberValue(area.Offset);
            json.WriteStringValue(area.Id);
            json.WriteStringValue(area.Flags);
            json.WriteStringValue(area.Pages);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static void Touches(Utf8JsonWriter json, string name, IReadOnlyList<RecordedTouch> touches)
    {
        json.WriteStartArray(name);
        foreach (RecordedTouch touch in touches)
        {
            json.WriteStartArray();
            json.WriteNumberValue(touch.Address);
            json.WriteNumberValue(touch.Write ? 1 : 0);
            json.WriteStringValue(touch.Result);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    private static void Limit(Utf8JsonWriter json, string name, long bytes)
    {
        if (bytes < 0)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteNumber(name, bytes);
        }
    }
}
