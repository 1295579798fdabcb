namespace Sim.Kernel.Zones;

/// <summary>Block sizes of the buddy system: a block of order n has 2^n frames and starts at a multiple of its size.</summary>
public static class PageOrder
{
    /// <summary>Number of orders (the kernel's <c>MAX_ORDER</c> of 6.1).</summary>
    public const int Count = 11;

    /// <summary>Greatest order: 1,024 frames, 4 MiB.</summary>
    public const int Max = Count - 1;

    /// <summary>Greatest order that counts as cheap to find (<c>PAGE_ALLOC_COSTLY_ORDER</c>).</summary>
    public const int Costly = 3;

    /// <summary>Smallest order of a block that holds this many bytes (<c>get_order</c>).</summary>
    public static int Of(long bytes)
    {
        int order = 0;
        while (bytes > Page.Size << order)
        {
            order++;
        }
        return order;
    }
}

/// <summary>The size of a page frame.</summary>
public static class Page
{
    public const int Shift = 12;

    /// <summary>Bytes.</summary>
    public const long Size = 1L << Shift;
}
