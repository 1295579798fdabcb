using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Sim.Engine.Snapshots;

namespace Sim.Engine.Scheduling;

/// <summary>
/// The default queue: a hierarchical timing wheel (Varghese and Lauck, 1987) of 4,096-slot levels over slots of 1,024 ps.
/// A message is filed at the level of the highest digit in which its slot differs from the current one, and moves down a
/// level when the wheel turns to it; the messages of the current slot are kept sorted. O(levels) per message, whatever is
/// pending; allocates only when the number of pending messages reaches a new high.
/// </summary>
[NotInSnapshot]
public sealed unsafe class TimingWheelEventQueue : IEventQueue, ISnapshotState
{
    private const int SlotShift = 10;
    private const int LevelBits = 12;
    private const int LevelSlots = 1 << LevelBits;
    private const int Levels = 5;
    private const int WordsPerLevel = LevelSlots / 64;
    private const int Nil = -1;
    private const int FirstCapacity = 1024;
    private const int LineBytes = 64;
    private const int MovedTogether = 64;
    private const int VisitedTogether = 1024;

    private readonly int[] _head = new int[Levels * LevelSlots];
    private readonly int[] _tail = new int[Levels * LevelSlots];
    private readonly ulong[] _occupied = new ulong[Levels * WordsPerLevel];
    private readonly ulong[] _occupiedWords = new ulong[Levels];
    private int[] _next = new int[FirstCapacity];
    private byte[] _memory;
    private byte* _messages;
    private int _free;
    private long _slot;
    private int[] _active = new int[256];
    private int _activeHead, _activeTail;
    private int _foreseen = Nil;

    /// <summary>An empty queue at time 0.</summary>
    public TimingWheelEventQueue()
    {
        Array.Fill(_head, Nil);
        _messages = Allocate(FirstCapacity, out _memory);
        Chain(0);
    }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public long NextTimePs =>
        _activeHead < _activeTail || Turn() ? At(_active[_activeHead]).TimePs : long.MaxValue;

    /// <inheritdoc/>
    public ref readonly Message Foreseen
    {
        get
        {
            int index = _activeHead < _activeTail ? _active[_activeHead] : _foreseen;
            return ref index == Nil ? ref Message.None : ref At(index);
        }
    }

    /// <inheritdoc/>
    public void Enqueue(in Message message)
    {
        if (_free == Nil)
        {
            Grow();
        }
        int index = _free;
        ref Message stored = ref At(index);
        _free = Next(index);
        stored = message;
        Count++;
        Place(index, ref stored);
    }

    /// <inheritdoc/>
    public bool TryDequeue(long untilPs, out Message message)
    {
        if (_activeHead == _activeTail && !Turn())
        {
            message = default;
            return false;
        }
        int index = _active[_activeHead];
        ref Message stored = ref At(index);
        message = stored;
        if (message.TimePs > untilPs)
        {
            return false;
        }
        _activeHead++;
        if (_activeHead == _activeTail)
        {
            ForeseeNextSlot();
        }
        Next(index) = _free;
        _free = index;
        Count--;
        return true;
    }

    /// <inheritdoc/>
    public Message[] ToArray()
    {
        var messages = new Message[Count];
        int n = 0;
        foreach (int index in InOrder())
        {
            messages[n++] = At(index);
        }
        return messages;
    }

    /// <inheritdoc/>
    void ISnapshotState.Visit(StateVisitor visitor)
    {
        visitor.Value(ref _slot);
        int count = Count;
        visitor.Value(ref count);
        int[] order = visitor.IsLoading ? [] : InOrder();
        if (visitor.IsLoading)
        {
            Clear();
        }
        var some = new Message[Math.Min(count, VisitedTogether)];
        for (int first = 0; first < count; first += VisitedTogether)
        {
            Span<Message> part = some.AsSpan(0, Math.Min(VisitedTogether, count - first));
            if (!visitor.IsLoading)
            {
                Gather(order.AsSpan(first, part.Length), part);
            }
            visitor.Bytes(MemoryMarshal.AsBytes(part));
            if (visitor.IsLoading)
            {
                foreach (ref readonly Message message in part)
                {
                    Enqueue(in message);
                }
            }
        }
    }

    // Compiled at once: a run saves its state seldom, and waits for it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(ReadOnlySpan<int> order, Span<Message> messages)
    {
        const int ahead = 16;
        for (int i = 0; i < order.Length; i++)
        {
            if (Sse.IsSupported && i + ahead < order.Length)
            {
                Sse.Prefetch0(LineOf(order[i + ahead]));
            }
            messages[i] = At(order[i]);
        }
    }

    /// <summary>
    /// The pending messages in their total order: a level's slots are in order of time, and all before the next level's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int[] InOrder()
    {
        int[] order = new int[Count];
        int n = _activeTail - _activeHead;
        Array.Copy(_active, _activeHead, order, 0, n);
        foreach (int head in _head)
        {
            int first = n;
            for (int i = head; i != Nil; i = _next[i])
            {
                order[n++] = i;
            }
            if (n > first + 1)
            {
                order.AsSpan(first, n - first).Sort(new ByOrder(this));
            }
        }
        return order;
    }

    private void Clear()
    {
        Array.Fill(_head, Nil);
        Array.Clear(_occupied);
        Array.Clear(_occupiedWords);
        _activeHead = _activeTail = 0;
        _foreseen = Nil;
        Count = 0;
        Chain(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Message At(int index) => ref *(Message*)LineOf(index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* LineOf(int index) => _messages + ((nint)index * LineBytes);

    // Links are apart from the messages: walking a list then waits for no message to come from memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref int Next(int index) => ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_next), index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Place(int index, ref Message message)
    {
        long slot = message.TimePs >> SlotShift;
        if (slot <= _slot)
        {
            InsertActive(index, ref message);
            return;
        }
        int level = BitOperations.Log2((ulong)(slot ^ _slot)) / LevelBits;
        int digit = (int)(slot >> (level * LevelBits)) & (LevelSlots - 1);
        int place = level * LevelSlots + digit;
        Next(index) = Nil;
        ref int head = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_head), place);
        ref int tail = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_tail), place);
        if (head == Nil)
        {
            head = index;
            _occupied[place >> 6] |= 1UL << place;
            _occupiedWords[level] |= 1UL << (digit >> 6);
        }
        else
        {
            Next(tail) = index;
        }
        tail = index;
    }

    /// <summary>Adds to the sorted messages of the current slot; a newcomer usually is the last of them.</summary>
    private void InsertActive(int index, ref Message message)
    {
        if (_activeHead == _activeTail)
        {
            _activeHead = _activeTail = 0;
        }
        else if (_activeTail == _active.Length)
        {
            Array.Resize(ref _active, _active.Length * 2);
        }
        int at = _activeTail++;
        while (at > _activeHead && Message.IsBefore(in message, in At(_active[at - 1])))
        {
            _active[at] = _active[at - 1];
            at--;
        }
        _active[at] = index;
    }

    /// <summary>Moves to the next occupied slot and makes its messages the active ones; false when nothing is pending.</summary>
    private bool Turn()
    {
        _activeHead = _activeTail = 0;
        int level = 0;
        while (level < Levels)
        {
            int shift = level * LevelBits;
            int digit = NextOccupied(level, (int)(_slot >> shift) & (LevelSlots - 1));
            if (digit < 0)
            {
                level++;
                continue;
            }
            _slot = (_slot >> shift >> LevelBits << LevelBits | (long)digit) << shift;
            int list = Detach(level, digit);
            if (level == 0)
            {
                Activate(list);
                return true;
            }
            MoveDown(list);
            if (_activeTail > 0)
            {
                return true;
            }
            level = 0;
        }
        return false;
    }

    /// <summary>
    /// Files the messages of a list anew. They have lain untouched since they came, so their loading is begun for many of
    /// them before the first is looked at.
    /// </summary>
    private void MoveDown(int list)
    {
        int* moved = stackalloc int[MovedTogether];
        while (list != Nil)
        {
            int n = 0;
            for (; n < MovedTogether && list != Nil; n++)
            {
                if (Sse.IsSupported)
                {
                    Sse.Prefetch0(LineOf(list));
                }
                moved[n] = list;
                list = Next(list);
            }
            for (int i = 0; i < n; i++)
            {
                Place(moved[i], ref At(moved[i]));
            }
        }
    }

    /// <summary>Finds the first message of the next slot and starts to load it while the one just taken is dealt with.</summary>
    private void ForeseeNextSlot()
    {
        int digit = NextOccupied(0, (int)_slot & (LevelSlots - 1));
        _foreseen = digit < 0 ? Nil : _head[digit];
        if (digit >= 0 && Sse.IsSupported)
        {
            Sse.Prefetch0(LineOf(_foreseen));
        }
    }

    private int NextOccupied(int level, int after)
    {
        int word = after >> 6;
        ulong bits = _occupied[level * WordsPerLevel + word] & (after % 64 == 63 ? 0 : ulong.MaxValue << (after % 64 + 1));
        if (bits == 0)
        {
            ulong words = word == 63 ? 0 : _occupiedWords[level] & (ulong.MaxValue << (word + 1));
            if (words == 0)
            {
                return -1;
            }
            word = BitOperations.TrailingZeroCount(words);
            bits = _occupied[level * WordsPerLevel + word];
        }
        return word * 64 + BitOperations.TrailingZeroCount(bits);
    }

    private int Detach(int level, int digit)
    {
        int place = level * LevelSlots + digit;
        int list = _head[place];
        _head[place] = Nil;
        ref ulong word = ref _occupied[place >> 6];
        word &= ~(1UL << place);
        if (word == 0)
        {
            _occupiedWords[level] &= ~(1UL << (digit >> 6));
        }
        return list;
    }

    private void Activate(int list)
    {
        int n = 0;
        bool sorted = true;
        int last = Nil;
        while (list != Nil)
        {
            if (n == _active.Length)
            {
                Array.Resize(ref _active, n * 2);
            }
            if (last != Nil && Message.IsBefore(in At(list), in At(last)))
            {
                sorted = false;
            }
            _active[n++] = last = list;
            list = Next(list);
        }
        _activeTail = n;
        if (!sorted)
        {
            Sort(n);
        }
    }

    private void Sort(int n)
    {
        if (n > 32)
        {
            // The order is total, so an unstable sort has one possible outcome.
            _active.AsSpan(0, n).Sort(new ByOrder(this));
            return;
        }
        for (int i = 1; i < n; i++)
        {
            int index = _active[i];
            ref Message message = ref At(index);
            int at = i;
            while (at > 0 && Message.IsBefore(in message, in At(_active[at - 1])))
            {
                _active[at] = _active[at - 1];
                at--;
            }
            _active[at] = index;
        }
    }

    private void Grow()
    {
        int old = _next.Length;
        byte* messages = Allocate(old * 2, out byte[] memory);
        Buffer.MemoryCopy(_messages, messages, memory.Length - LineBytes, (long)old * LineBytes);
        GC.KeepAlive(_memory);
        _memory = memory;
        _messages = messages;
        Array.Resize(ref _next, old * 2);
        Chain(old);
    }

    /// <summary>Room for messages, each in a cache line of its own. The array does not move.</summary>
    private static byte* Allocate(int count, out byte[] memory)
    {
        memory = GC.AllocateUninitializedArray<byte>(checked((count + 1) * LineBytes), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(memory));
        return (byte*)((address + LineBytes - 1) & ~(nuint)(LineBytes - 1));
    }

    private void Chain(int from)
    {
        for (int i = from; i < _next.Length; i++)
        {
            _next[i] = i + 1;
        }
        _next[^1] = Nil;
        _free = from;
    }

    private readonly struct ByOrder(TimingWheelEventQueue queue) : IComparer<int>
    {
        public int Compare(int a, int b) =>
            a == b ? 0 : Message.IsBefore(in queue.At(a), in queue.At(b)) ? -1 : 1;
    }
}
