using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sim.Engine.Events;
using Sim.Hardware.Paging;

namespace Sim.Hardware.Memory;

/// <summary>
/// Contents of those page frames whose contents matter to the machine: page tables. All other frames have no contents.
/// Sourced state: written from the <c>Apply</c> of events only. Frames are found through a directory of 512-frame
/// chunks, made when the first table of a chunk is; released tables are kept for reuse, so a machine in steady state
/// allocates nothing. Not thread-safe.
/// </summary>
public sealed class PhysicalMemory : IApply<MmuAccessed>, IApply<MmuDirty>
{
    /// <summary>Bytes of a page frame.</summary>
    public const int FrameBytes = 4096;

    private const int WordsPerFrame = FrameBytes / sizeof(ulong);
    private const int ChunkShift = 9;
    private const int ChunkFrames = 1 << ChunkShift;

    private readonly ulong[]?[]?[] _chunks;
    private readonly Stack<ulong[]> _spare = new();
    private readonly int _entryBytes;

    /// <param name="frames">Number of page frames: pfns run from 0 to this, exclusive.</param>
    /// <param name="mode">Format of the page tables.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of frames is not positive.</exception>
    public PhysicalMemory(long frames, PagingMode mode)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(frames);
        Frames = frames;
        _entryBytes = mode.EntryBytes;
        _chunks = new ulong[]?[]?[checked((int)((frames + ChunkFrames - 1) >> ChunkShift))];
    }

    /// <summary>Number of page frames.</summary>
    public long Frames { get; }

    /// <summary>Number of frames that have contents.</summary>
    public int BackedFrames { get; private set; }

    /// <summary>Gives a frame contents: all zero, as a new page table is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The machine has no such frame.</exception>
    public void Zero(long pfn)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(pfn, Frames);
        ref ulong[]?[]? chunk = ref _chunks[pfn >> ChunkShift];
        chunk ??= new ulong[]?[ChunkFrames];
        ref ulong[]? frame = ref chunk[pfn & (ChunkFrames - 1)];
        if (frame is null)
        {
            BackedFrames++;
            if (!_spare.TryPop(out frame))
            {
                frame = new ulong[WordsPerFrame];
                return;
            }
        }
        Array.Clear(frame);
    }

    /// <summary>Forgets the contents of a frame that is no page table any more. A frame without contents stays so.</summary>
    public void Release(long pfn)
    {
        if (!HasContents(pfn))
        {
            return;
        }
        ref ulong[]? frame = ref _chunks[pfn >> ChunkShift]![pfn & (ChunkFrames - 1)];
        _spare.Push(frame!);
        frame = null;
        BackedFrames--;
    }

    /// <summary>True when the frame has contents.</summary>
    public bool HasContents(long pfn) =>
        (ulong)pfn < (ulong)Frames && _chunks[pfn >> ChunkShift]?[pfn & (ChunkFrames - 1)] is not null;

    /// <summary>Reads an entry of a page table.</summary>
    /// <param name="pfn">Frame of the table.</param>
    /// <param name="index">Number of the entry in the table.</param>
    /// <param name="entryBytes">Bytes of an entry: 4 or 8.</param>
    /// <exception cref="InvalidOperationException">The frame has no contents: no table was put there.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(long pfn, int index, int entryBytes)
    {
        ref ulong words = ref MemoryMarshal.GetArrayDataReference(Frame(pfn));
        return entryBytes == sizeof(ulong)
            ? Unsafe.Add(ref words, index & (WordsPerFrame - 1))
            : Unsafe.Add(ref Unsafe.As<ulong, uint>(ref words), index & (WordsPerFrame * 2 - 1));
    }

    /// <summary>Writes an entry of a page table. For the <c>Apply</c> of events.</summary>
    /// <param name="pfn">Frame of the table.</param>
    /// <param name="index">Number of the entry in the table.</param>
    /// <param name="entryBytes">Bytes of an entry: 4 or 8.</param>
    /// <param name="value">The entry.</param>
    /// <exception cref="InvalidOperationException">The frame has no contents: no table was put there.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(long pfn, int index, int entryBytes, ulong value)
    {
        ref ulong words = ref MemoryMarshal.GetArrayDataReference(Frame(pfn));
        if (entryBytes == sizeof(ulong))
        {
            Unsafe.Add(ref words, index & (WordsPerFrame - 1)) = value;
        }
        else
        {
            Unsafe.Add(ref Unsafe.As<ulong, uint>(ref words), index & (WordsPerFrame * 2 - 1)) = (uint)value;
        }
    }

    public void Apply(in MmuAccessed e, in EventHeader header) => Mark(e.TablePfn, e.Index, PteFlags.Accessed);

    public void Apply(in MmuDirty e, in EventHeader header) => Mark(e.TablePfn, e.Index, PteFlags.Accessed | PteFlags.Dirty);

    /// <summary>Adds the contents of all frames that have any, by rising pfn.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(BackedFrames);
        for (int c = 0; c < _chunks.Length; c++)
        {
            if (_chunks[c] is not { } chunk)
            {
                continue;
            }
            for (int f = 0; f < ChunkFrames; f++)
            {
                if (chunk[f] is { } frame)
                {
                    hash.Add(((long)c << ChunkShift) + f);
                    hash.AddSpan<ulong>(frame);
                }
            }
        }
    }

    private void Mark(long pfn, int index, PteFlags flags) =>
        Write(pfn, index, _entryBytes, Read(pfn, index, _entryBytes) | (ulong)flags);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong[] Frame(long pfn)
    {
        ulong[]?[]?[] chunks = _chunks;
        ulong chunk = (ulong)pfn >> ChunkShift;
        if (chunk < (ulong)chunks.Length && chunks[chunk] is { } frames && frames[pfn & (ChunkFrames - 1)] is { } frame)
        {
            return frame;
        }
        return NoContents(pfn);
    }

    private static ulong[] NoContents(long pfn) =>
        throw new InvalidOperationException($"Frame {pfn:#,0} (0x{pfn:x}) holds no page table: nothing was put there, or it was released.");
}
