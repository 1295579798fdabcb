namespace Sim.Host.Traces;

/// <summary>
/// Which addresses of the traced program are mapped: disjoint ranges in ascending order, neighbours joined. The importers check with it
/// that every access lies inside the areas the trace knows of.
/// </summary>
internal sealed class MappedRanges
{
    private readonly List<(ulong Start, ulong End)> _ranges = [];
    private ulong _break;
    private ulong _breakStart;
    private ulong _stackStart;
    private ulong _stackLimit;
    private int _last;

    /// <summary>The program break, or zero where no heap is known.</summary>
    internal ulong Break => _break;

    internal IReadOnlyList<(ulong Start, ulong End)> Ranges => _ranges;

    internal void Add(in TraceArea area)
    {
        Map(area.Start, area.Length);
        if (area.Kind == TraceAreaKind.Stack)
        {
            (_stackStart, _stackLimit) = (area.Start, area.GrowthLimit);
        }
        else if (area.Kind == TraceAreaKind.Heap)
        {
            (_breakStart, _break) = (area.Start, area.End);
        }
    }

    /// <summary>Follows a mapping call that has returned.</summary>
    internal void Follow(in TraceEvent e)
    {
        if (e.Failed)
        {
            return;
        }

        ulong result = unchecked((ulong)e.Result);
        switch (e.Kind)
        {
            case TraceRecordKind.Mmap:
                Map(result, e.Argument1);
                break;
            case TraceRecordKind.Munmap:
                Unmap(e.Argument0, e.Argument1);
                break;
            case TraceRecordKind.Mremap:
                if ((e.Argument3 & LinuxAbi.MremapDontUnmap) == 0)
                {
                    Unmap(e.Argument0, e.Argument1);
                }

                Map(result, e.Argument2);
                break;
            case TraceRecordKind.Brk:
                MoveBreak(result);
                break;
        }
    }

    /// <summary>Whether an address is mapped; a touch below the stack grows it first, as the page fault handler does.</summary>
    internal bool Touch(ulong address)
    {
        if (_last < _ranges.Count && address >= _ranges[_last].Start && address < _ranges[_last].End)
        {
            return true;
        }

        int index = FirstEndingAfter(address);
        if (index < _ranges.Count && address >= _ranges[index].Start)
        {
            _last = index;
            return true;
        }

        if (address < _stackStart && address >= _stackLimit)
        {
            ulong start = LinuxAbi.PageStart(address);
            Map(start, _stackStart - start);
            _stackStart = start;
            return true;
        }

        return false;
    }

    private void MoveBreak(ulong end)
    {
        if (_breakStart == 0)
        {
            (_breakStart, _break) = (end, end);
            return;
        }

        ulong from = LinuxAbi.PageAlign(_break);
        ulong to = LinuxAbi.PageAlign(end);
        if (to > from)
        {
            Map(from, to - from);
        }
        else
        {
            Unmap(to, from - to);
        }

        _break = end;
    }

    private void Map(ulong start, ulong length)
    {
        (ulong from, ulong to) = Pages(start, length);
        if (from == to)
        {
            return;
        }

        Remove(from, to);
        int index = FirstEndingAfter(from);
        if (index > 0 && _ranges[index - 1].End == from)
        {
            from = _ranges[--index].Start;
            _ranges.RemoveAt(index);
        }

        if (index < _ranges.Count && _ranges[index].Start == to)
        {
            to = _ranges[index].End;
            _ranges.RemoveAt(index);
        }

        _ranges.Insert(index, (from, to));
    }

    private void Unmap(ulong start, ulong length)
    {
        (ulong from, ulong to) = Pages(start, length);
        Remove(from, to);
    }

    private void Remove(ulong from, ulong to)
    {
        int index = FirstEndingAfter(from);
        while (index < _ranges.Count && _ranges[index].Start < to)
        {
            (ulong start, ulong end) = _ranges[index];
            _ranges.RemoveAt(index);
            if (start < from)
            {
                _ranges.Insert(index++, (start, from));
            }

            if (end > to)
            {
                _ranges.Insert(index++, (to, end));
            }
        }
    }

    private static (ulong From, ulong To) Pages(ulong start, ulong length)
    {
        ulong from = LinuxAbi.PageStart(start);
        ulong to = unchecked(start + length) < start ? LinuxAbi.PageStart(ulong.MaxValue) : LinuxAbi.PageAlign(start + length);
        return (from, Math.Max(from, to));
    }

    private int FirstEndingAfter(ulong address)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            (low, high) = _ranges[middle].End <= address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
