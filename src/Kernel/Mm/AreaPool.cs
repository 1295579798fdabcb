namespace Sim.Kernel.Mm;

/// <summary>All areas of all address spaces, in one array; a handle is an index. Sourced state.</summary>
public sealed class AreaPool
{
    private VmArea[] _areas = new VmArea[64];
    private int[] _free = new int[64];
    private int _freeCount;
    private int _used = 1;

    /// <summary>The area of a handle. The reference is valid until the next <see cref="Allocate"/>.</summary>
    public ref VmArea this[int handle] => ref _areas[handle];

    /// <summary>Areas in use.</summary>
    public int Count => _used - 1 - _freeCount;

    /// <summary>A handle (never 0) for a new area.</summary>
    public int Allocate(in VmArea area)
    {
        int handle;
        if (_freeCount > 0)
        {
            handle = _free[--_freeCount];
        }
        else
        {
            if (_used == _areas.Length)
            {
                Array.Resize(ref _areas, _used * 2);
            }
            handle = _used++;
        }
        _areas[handle] = area;
        return handle;
    }

    /// <summary>Gives a handle back.</summary>
    public void Release(int handle)
    {
        if (_freeCount == _free.Length)
        {
            Array.Resize(ref _free, _freeCount * 2);
        }
        _areas[handle] = default;
        _free[_freeCount++] = handle;
    }
}
