using System.Text;
using Sim.Engine.Events;
using Sim.Hardware.Events;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Tests.Support;

/// <summary>Hardware with a journal that is kept, and page tables written by hand as a kernel's events would write them.</summary>
internal sealed class TestMachine
{
    public const PteFlags UserPage = PteFlags.Present | PteFlags.Write | PteFlags.User;

    private readonly CaptureSink _sink = new();
    private readonly List<(long Sequence, Action<HardwareState> Act)> _kernelWrites = [];
    private readonly EventCatalogue _catalogue = Catalogue();
    private long _nextTable;

    public TestMachine(HardwareOptions? options = null, params string[] leftOut)
    {
        Options = options ?? new HardwareOptions();
        Journal = new Journal(_sink, _catalogue, leftOut);
        State = new HardwareState(Options);
        Board = new Board(State, Journal);
        _nextTable = 16;
        Root = NewTable();
    }

    public HardwareOptions Options { get; }
    public PagingMode Mode => Options.Paging;
    public Journal Journal { get; }
    public HardwareState State { get; }
    public Board Board { get; }
    public Hardware.Cpu.Cpu Core => Board.Cpus[0];
    public long Root { get; }

    public static EventCatalogue Catalogue()
    {
        var catalogue = new EventCatalogue();
        HardwareEvents.AddTo(catalogue);
        return catalogue;
    }

    /// <summary>A machine whose first CPU is in user mode in the address space of <see cref="Root"/>.</summary>
    public static TestMachine InUserMode(HardwareOptions? options = null, params string[] leftOut)
    {
        var machine = new TestMachine(options, leftOut);
        machine.Core.LoadRoot(machine.Root, 0, -1);
        machine.Core.ReturnToUser(-1);
        return machine;
    }

    public long NewTable()
    {
        long pfn = _nextTable++;
        Write(state => state.Memory.Zero(pfn));
        return pfn;
    }

    /// <summary>Maps a page; tables on the way are made with all rights.</summary>
    public void Map(ulong address, long pfn, PteFlags flags, long? root = null, int level = 0)
    {
        long table = root ?? Root;
        for (int l = Mode.Levels - 1; l > level; l--)
        {
            ulong entry = State.Memory.Read(table, Mode.IndexOf(address, l), Mode.EntryBytes);
            if ((entry & 1) == 0)
            {
                entry = Mode.MakeEntry(NewTable(), UserPage);
                SetEntry(table, Mode.IndexOf(address, l), entry);
            }
            table = Mode.PfnOf(entry);
        }
        SetEntry(table, Mode.IndexOf(address, level), Mode.MakeEntry(pfn, flags));
    }

    public void SetEntry(long table, int index, ulong entry)
    {
        int bytes = Mode.EntryBytes;
        Write(state => state.Memory.Write(table, index, bytes, entry));
    }

    /// <summary>The table of a level and the entry in it for an address.</summary>
    public (long Table, int Index, ulong Entry) Find(ulong address, int level = 0, long? root = null)
    {
        long table = root ?? Root;
        for (int l = Mode.Levels - 1; ; l--)
        {
            int index = Mode.IndexOf(address, l);
            ulong entry = State.Memory.Read(table, index, Mode.EntryBytes);
            if (l == level)
            {
                return (table, index, entry);
            }
            table = Mode.PfnOf(entry);
        }
    }

    public ulong Hash(bool withTlb = true, bool withDram = true) => HashOf(State, withTlb, withDram);

    public static ulong HashOf(HardwareState state, bool withTlb = true, bool withDram = true)
    {
        var hash = new XxHash64(0);
        state.HashInto(ref hash, withTlb, withDram);
        return hash.Finish();
    }

    /// <summary>All events as text, one a line: <c>time name field=value…</c>.</summary>
    public List<string> Events()
    {
        Journal.Complete();
        var lines = new List<string>();
        _sink.ForEach((int kind, EventHeader header, ref EventDecoder decoder, int fields) =>
        {
            EventType type = _catalogue[kind]!;
            var text = new StringBuilder(type.Descriptor.Name);
            type.DecodeToText(ref decoder, fields, text, Journal.Symbols);
            lines.Add(text.ToString());
        });
        return lines;
    }

    /// <summary>The state that the log alone leads to.</summary>
    public HardwareState Fold()
    {
        Journal.Complete();
        var state = new HardwareState(Options);
        var appliers = new EventApplier?[EventCatalogue.MaxKinds];
        foreach (EventType type in _catalogue.Types)
        {
            object? handler = state.Appliers.FirstOrDefault(type.IsAppliedBy);
            appliers[type.Descriptor.Kind] = handler is null ? null : type.CreateApplier(handler);
        }
        int write = 0;
        _sink.ForEach((int kind, EventHeader header, ref EventDecoder decoder, int fields) =>
        {
            for (; write < _kernelWrites.Count && _kernelWrites[write].Sequence <= header.Sequence; write++)
            {
                _kernelWrites[write].Act(state);
            }
            if (appliers[kind] is { } applier)
            {
                applier.DecodeAndApply(ref decoder, fields, in header);
            }
            else
            {
                Assert.True(_catalogue[kind]!.Descriptor.Ignorable, $"{_catalogue[kind]!.Descriptor.Name} changes nothing but is not ignorable");
                _catalogue[kind]!.Skip(ref decoder, fields);
            }
        });
        for (; write < _kernelWrites.Count; write++)
        {
            _kernelWrites[write].Act(state);
        }
        return state;
    }

    private void Write(Action<HardwareState> act)
    {
        _kernelWrites.Add((Journal.NextSequence, act));
        act(State);
    }
}
