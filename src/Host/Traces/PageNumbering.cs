using System.Numerics;

namespace Sim.Host.Traces;

/// <summary>Gives page numbers small handles in the order of their first reference: a hash table with open addressing.</summary>
public sealed class PageNumbering
{
    private const int InitialSlots = 1 << 12;

    private Slot[] _slots = new Slot[InitialSlots];
    private int _shift = 64 - BitOperations.Log2(InitialSlots);

    /// <summary>Different pages so far, and the next handle.</summary>
    public int Count { get; private set; }

    /// <summary>A page's handle, given now if it has none yet.</summary>
    /// <param name="page">Any number.</param>
    public int HandleOf(ulong page)
    {
        Slot[] slots = _slots;
        int at = Home(page);
        while (true)
        {
            ref Slot slot = ref slots[at];
            if (slot.HandlePlusOne == 0)
            {
                return Add(page, ref slot);
            }
            if (slot.Page == page)
            {
                return slot.HandlePlusOne - 1;
            }
            at = (at + 1) & (slots.Length - 1);
        }
    }

    private int Home(ulong page) => (int)(unchecked(page * 0x9E3779B97F4A7C15UL) >> _shift);

    private int Add(ulong page, ref Slot slot)
    {
        slot = new Slot { Page = page, HandlePlusOne = ++Count };
        if (2 * Count > _slots.Length)
        {
            Grow();
        }
        return Count - 1;
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[2 * old.Length];
        _shift--;
        foreach (Slot slot in old)
        {
            if (slot.HandlePlusOne != 0)
            {
                int at = Home(slot.Page);
                while (_slots[at].HandlePlusOne != 0)
                {
                    at = (at + 1) & (_slots.Length - 1);
                }
                _slots[at] = slot;
            }
        }
    }

    private struct Slot
    {
        public ulong Page;
        public int HandlePlusOne;
    }
}
