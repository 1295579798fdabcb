using System.Runtime.CompilerServices;
using Sim.Engine.Events;
using Sim.Hardware.Cpu;
using Sim.Hardware.Memory;
using Sim.Hardware.Tlb;

namespace Sim.Hardware.Paging;

/// <summary>
/// Walks page tables as the CPU does (Intel SDM volume 3A, sections 4.3, 4.5 to 4.8): every entry read is a memory request;
/// rights combine along the way; accessed and dirty bits are set when the access is allowed. CR0.WP is set, so the kernel
/// cannot write read-only pages either; SMEP and SMAP are off.
/// </summary>
internal sealed class PageWalker
{
    private const TlbFlags AllRights = TlbFlags.Write | TlbFlags.User | TlbFlags.Execute;

    private readonly PagingMode _mode;
    private readonly PhysicalMemory _memory;
    private readonly Journal _journal;
    private readonly MemoryPort _port;

    public PageWalker(PagingMode mode, PhysicalMemory memory, Journal journal, MemoryPort port, int pdeCacheEntries)
    {
        _mode = mode;
        _memory = memory;
        _journal = journal;
        _port = port;
        PdeCache = new PdeCache(pdeCacheEntries, mode);
    }

    /// <summary>The paging-structure cache.</summary>
    public PdeCache PdeCache { get; }

    /// <summary>Entries read so far.</summary>
    public long EntriesRead { get; private set; }

    /// <summary>Translates a canonical address.</summary>
    /// <param name="rootPfn">Frame of the top table.</param>
    /// <param name="virtualAddress">The address.</param>
    /// <param name="kind">What the access does.</param>
    /// <param name="user">It comes from user mode.</param>
    /// <param name="result">The translation, or the error code.</param>
    /// <returns>False: page fault.</returns>
    public bool Walk(long rootPfn, ulong virtualAddress, AccessKind kind, bool user, out WalkResult result)
    {
        bool write = kind >= AccessKind.Store;
        result = default;
        // Written before it is read, level by level.
        Unsafe.SkipInit(out Path path);
        int level = _mode.Levels - 1;
        long table = rootPfn;
        TlbFlags rights = AllRights;
        if (PdeCache.TryGet(virtualAddress, out long cachedTable, out TlbFlags cachedRights))
        {
            (level, table, rights) = (0, cachedTable, cachedRights);
        }
        int top = level;
        ulong entry;
        while (true)
        {
            int index = _mode.IndexOf(virtualAddress, level);
            entry = Read(table, index);
            path[level] = new Step { TablePfn = table, Index = (short)index, Entry = entry };
            if ((entry & (ulong)PteFlags.Present) == 0)
            {
                result.ErrorCode = Code(PageFaultErrorCode.None, kind, user);
                return false;
            }
            if (_mode.HasReservedBits(entry, level))
            {
                result.ErrorCode = Code(PageFaultErrorCode.Protection | PageFaultErrorCode.Reserved, kind, user);
                return false;
            }
            rights &= RightsOf(entry);
            if (_mode.IsLeaf(entry, level))
            {
                break;
            }
            table = _mode.PfnOf(entry);
            level--;
        }
        bool allowed = (!user || (rights & TlbFlags.User) != 0)
            && (!write || (rights & TlbFlags.Write) != 0)
            && (kind != AccessKind.Fetch || (rights & TlbFlags.Execute) != 0);
        if (!allowed)
        {
            result.ErrorCode = Code(PageFaultErrorCode.Protection, kind, user);
            return false;
        }

        for (int l = top; l >= level; l--)
        {
            SetBits(in path[l], dirty: write && l == level);
        }
        if (level == 0 && top > 0)
        {
            TlbFlags toTable = AllRights;
            for (int l = top; l > 0; l--)
            {
                toTable &= RightsOf(path[l].Entry);
            }
            PdeCache.Put(virtualAddress, table, toTable);
        }
        result.Pfn = _mode.PfnOf(entry);
        result.Flags = rights;
        if (level > 0)
        {
            result.Pfn &= ~((1L << (_mode.ShiftOf(level) - 12)) - 1);
            result.Flags |= TlbFlags.Large;
        }
        if (write || (entry & (ulong)PteFlags.Dirty) != 0)
        {
            result.Flags |= TlbFlags.Dirty;
        }
        if ((entry & (ulong)PteFlags.Global) != 0)
        {
            result.Flags |= TlbFlags.Global;
        }
        return true;
    }

    private ulong Read(long table, int index)
    {
        EntriesRead++;
        _port.Access(((ulong)table << 12) + (ulong)(index * _mode.EntryBytes), write: false);
        return _memory.Read(table, index, _mode.EntryBytes);
    }

    private void SetBits(in Step step, bool dirty)
    {
        var missing = (PteFlags)~step.Entry & (dirty ? PteFlags.Accessed | PteFlags.Dirty : PteFlags.Accessed);
        if (missing == PteFlags.None)
        {
            return;
        }
        _port.Access(((ulong)step.TablePfn << 12) + (ulong)(step.Index * _mode.EntryBytes), write: true);
        _port.Stamp();
        if ((missing & PteFlags.Dirty) != 0)
        {
            var e = new MmuDirty(step.TablePfn, step.Index);
            EventHeader header = _journal.Emit(in e, _port.Cause);
            _memory.Apply(in e, in header);
        }
        else
        {
            var e = new MmuAccessed(step.TablePfn, step.Index);
            EventHeader header = _journal.Emit(in e, _port.Cause);
            _memory.Apply(in e, in header);
        }
    }

    /// <summary>Rights that one entry gives.</summary>
    public static TlbFlags RightsOf(ulong entry)
    {
        TlbFlags rights = TlbFlags.None;
        rights |= (entry & (ulong)PteFlags.Write) != 0 ? TlbFlags.Write : TlbFlags.None;
        rights |= (entry & (ulong)PteFlags.User) != 0 ? TlbFlags.User : TlbFlags.None;
        rights |= (entry & (ulong)PteFlags.NoExecute) == 0 ? TlbFlags.Execute : TlbFlags.None;
        return rights;
    }

    private PageFaultErrorCode Code(PageFaultErrorCode code, AccessKind kind, bool user)
    {
        code |= kind >= AccessKind.Store ? PageFaultErrorCode.Write : PageFaultErrorCode.None;
        code |= user ? PageFaultErrorCode.User : PageFaultErrorCode.None;
        code |= kind == AccessKind.Fetch && _mode.HasNoExecute ? PageFaultErrorCode.Instruction : PageFaultErrorCode.None;
        return code;
    }

    private struct Step
    {
        public long TablePfn;
        public ulong Entry;
        public short Index;
    }

    [InlineArray(5)]
    private struct Path
    {
        private Step _first;
    }
}
