using Sim.Engine.Events;

namespace Sim.Kernel.Vmalloc;

/// <summary>
/// Ranges of addresses, none overlapping, in a red-black tree in which every node knows the largest range below it: free ones
/// are found lowest address first (mm/vmalloc.c, <c>free_vmap_area_root</c>). Which range a request with an alignment gets
/// depends on the tree's shape, so insertion and removal balance as lib/rbtree.c does (Cormen et al., chapter 13).
/// Nodes are numbers; 0 is none.
/// </summary>
public sealed class VmapAreaTree
{
    private struct Node
    {
        public ulong Start, End, Largest;
        public long Object;
        public int Left, Right, Parent, Tag;
        public bool Red;
    }

    private Node[] _nodes = new Node[16];
    private int _root, _spare, _used = 1;

    /// <summary>Ranges there are.</summary>
    public int Count { get; private set; }

    /// <summary>First address.</summary>
    public ulong Start(int node) => _nodes[node].Start;

    /// <summary>Behind the last address.</summary>
    public ulong End(int node) => _nodes[node].End;

    /// <summary>Physical address of the range's description, an object of the cache <c>vmap_area</c>; 0 for one made at boot.</summary>
    public long ObjectOf(int node) => _nodes[node].Object;

    /// <summary>A number that the owner of the tree keeps with the range.</summary>
    public int Tag(int node) => _nodes[node].Tag;

    /// <summary>The range with the lowest address.</summary>
    public int First() => _root == 0 ? 0 : Leftmost(_root);

    /// <summary>The range behind one.</summary>
    public int Next(int node)
    {
        if (_nodes[node].Right != 0)
        {
            return Leftmost(_nodes[node].Right);
        }
        int parent = _nodes[node].Parent;
        while (parent != 0 && node == _nodes[parent].Right)
        {
            (node, parent) = (parent, _nodes[parent].Parent);
        }
        return parent;
    }

    /// <summary>The range that an address lies in; 0 when it lies in none.</summary>
    public int Find(ulong address)
    {
        int node = _root;
        while (node != 0 && (address < _nodes[node].Start || address >= _nodes[node].End))
        {
            node = address < _nodes[node].Start ? _nodes[node].Left : _nodes[node].Right;
        }
        return node;
    }

    /// <summary>
    /// The first range in which a request fits, not looking at subtrees whose largest range is too small for it at the worst
    /// alignment (<c>find_vmap_lowest_match</c>).
    /// </summary>
    /// <param name="size">Bytes wanted.</param>
    /// <param name="align">Alignment, a power of two.</param>
    /// <param name="from">Least address.</param>
    /// <param name="exact">The request is for the whole of the addresses it may have, so that alignment costs nothing.</param>
    public int FindFit(ulong size, ulong align, ulong from, bool exact) =>
        FindFit(_root, size, align, from, align <= 4096 || exact ? size : size + align - 1);

    /// <summary>Where in a range a request would lie.</summary>
    public ulong Place(int node, ulong align, ulong from) => Align(Math.Max(_nodes[node].Start, from), align);

    /// <summary>Adds a range that overlaps none.</summary>
    /// <exception cref="InvalidOperationException">It overlaps one.</exception>
    public int Insert(ulong start, ulong end, long description, int tag)
    {
        int parent = 0, at = _root;
        while (at != 0)
        {
            parent = at;
            at = end <= _nodes[at].Start ? _nodes[at].Left
                : start >= _nodes[at].End ? _nodes[at].Right
                : throw new InvalidOperationException($"0x{start:x}-0x{end:x} overlaps 0x{_nodes[at].Start:x}-0x{_nodes[at].End:x}.");
        }
        int node = _spare != 0 ? _spare : _used++;
        if (node == _spare)
        {
            _spare = _nodes[node].Left;
        }
        if (node >= _nodes.Length)
        {
            Array.Resize(ref _nodes, _nodes.Length * 2);
        }
        _nodes[node] = new Node { Start = start, End = end, Object = description, Parent = parent, Tag = tag, Red = true };
        if (parent == 0)
        {
            _root = node;
        }
        else if (end <= _nodes[parent].Start)
        {
            _nodes[parent].Left = node;
        }
        else
        {
            _nodes[parent].Right = node;
        }
        Count++;
        MeasureUpwards(node);
        BalanceAfterInsert(node);
        return node;
    }

    /// <summary>Takes a range out.</summary>
    public void Remove(int node)
    {
        int gone = node, child, parent;
        if (_nodes[node].Left != 0 && _nodes[node].Right != 0)
        {
            gone = Leftmost(_nodes[node].Right);
        }
        bool red = _nodes[gone].Red;
        child = _nodes[gone].Left != 0 ? _nodes[gone].Left : _nodes[gone].Right;
        parent = _nodes[gone].Parent;
        Replace(gone, child);
        if (gone != node)
        {
            // The next range takes the removed one's place in the tree.
            parent = parent == node ? gone : parent;
            (_nodes[gone].Left, _nodes[gone].Right, _nodes[gone].Red) = (_nodes[node].Left, _nodes[node].Right, _nodes[node].Red);
            Adopt(gone, _nodes[gone].Left);
            Adopt(gone, _nodes[gone].Right);
            Replace(node, gone);
        }
        MeasureUpwards(parent);
        if (!red)
        {
            BalanceAfterRemove(child, parent);
        }
        _nodes[node] = new Node { Left = _spare };
        _spare = node;
        Count--;
    }

    /// <summary>Takes a piece out of a range that holds it (<c>adjust_va_to_fit_type</c>).</summary>
    /// <param name="node">The range.</param>
    /// <param name="start">First address of the piece.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="spare">Description for the part before the piece, when there are parts on both sides.</param>
    /// <param name="released">The description no longer needed when nothing is left; else 0.</param>
    /// <returns>True when <paramref name="spare"/> was used.</returns>
    public bool Carve(int node, ulong start, ulong size, long spare, out long released)
    {
        ref Node range = ref _nodes[node];
        ulong end = start + size;
        released = 0;
        if (range.Start == start && range.End == end)
        {
            released = range.Object;
            Remove(node);
            return false;
        }
        ulong before = range.Start;
        if (range.Start == start)
        {
            range.Start = end;
        }
        else if (range.End == end)
        {
            range.End = start;
        }
        else
        {
            range.Start = end;
            MeasureUpwards(node);
            Insert(before, start, spare, 0);
            return true;
        }
        MeasureUpwards(node);
        return false;
    }

    /// <summary>Adds a range, or extends the neighbours it touches (<c>merge_or_add_vmap_area</c>); descriptions no longer needed go to a list.</summary>
    public void MergeOrAdd(ulong start, ulong end, long description, ICollection<long> released)
    {
        int next = Behind(end), previous = start == 0 ? 0 : Find(start - 1);
        bool joinsNext = next != 0 && _nodes[next].Start == end;
        bool joinsPrevious = previous != 0 && _nodes[previous].End == start;
        if (!joinsNext && !joinsPrevious)
        {
            Insert(start, end, description, 0);
            return;
        }
        released.Add(description);
        if (joinsNext && joinsPrevious)
        {
            end = _nodes[next].End;
            released.Add(_nodes[next].Object);
            Remove(next);
        }
        if (joinsPrevious)
        {
            _nodes[previous].End = end;
            MeasureUpwards(previous);
        }
        else
        {
            _nodes[next].Start = start;
            MeasureUpwards(next);
        }
    }

    /// <summary>Forgets all ranges.</summary>
    public void Clear()
    {
        Array.Clear(_nodes);
        (_root, _spare, _used, Count) = (0, 0, 1, 0);
    }

    /// <summary>Appends the ranges by rising address.</summary>
    public void HashInto(ref XxHash64 hash)
    {
        hash.Add(Count);
        for (int node = First(); node != 0; node = Next(node))
        {
            hash.Add((long)_nodes[node].Start);
            hash.Add((long)_nodes[node].End);
            hash.Add(_nodes[node].Object);
        }
    }

    /// <summary>What is wrong with the tree, in words; null when nothing is.</summary>
    public string? Violation()
    {
        int count = 0;
        ulong end = 0;
        for (int node = First(); node != 0; node = Next(node), count++)
        {
            if (_nodes[node].Start < end || _nodes[node].End <= _nodes[node].Start)
            {
                return $"range 0x{_nodes[node].Start:x}-0x{_nodes[node].End:x} is out of order";
            }
            if (_nodes[node].Largest != Measure(node))
            {
                return $"range 0x{_nodes[node].Start:x} believes 0x{_nodes[node].Largest:x} bytes to be the largest below it";
            }
            end = _nodes[node].End;
        }
        return count != Count ? $"{count} ranges are linked and {Count} counted"
            : _nodes[_root].Red ? "the root is red"
            : BlackHeight(_root) < 0 ? "the tree is out of balance"
            : null;
    }

    private int BlackHeight(int node)
    {
        if (node == 0)
        {
            return 0;
        }
        int left = BlackHeight(_nodes[node].Left), right = BlackHeight(_nodes[node].Right);
        bool twoReds = _nodes[node].Red && (_nodes[_nodes[node].Left].Red || _nodes[_nodes[node].Right].Red);
        return left < 0 || left != right || twoReds ? -1 : left + (_nodes[node].Red ? 0 : 1);
    }

    private int FindFit(int node, ulong size, ulong align, ulong from, ulong length)
    {
        if (node == 0)
        {
            return 0;
        }
        ref readonly Node range = ref _nodes[node];
        if (from < range.Start && _nodes[range.Left].Largest >= length && FindFit(range.Left, size, align, from, length) is > 0 and var found)
        {
            return found;
        }
        ulong start = Place(node, align, from), end = start + size;
        if (start >= from && end >= start && end <= range.End)
        {
            return node;
        }
        return _nodes[range.Right].Largest >= length ? FindFit(range.Right, size, align, from, length) : 0;
    }

    /// <summary>The first range that begins at an address or behind it.</summary>
    private int Behind(ulong address)
    {
        int best = 0;
        for (int node = _root; node != 0;)
        {
            (best, node) = _nodes[node].Start >= address ? (node, _nodes[node].Left) : (best, _nodes[node].Right);
        }
        return best;
    }

    private int Leftmost(int node)
    {
        while (_nodes[node].Left != 0)
        {
            node = _nodes[node].Left;
        }
        return node;
    }

    private ulong Measure(int node) => Math.Max(
        _nodes[node].End - _nodes[node].Start,
        Math.Max(_nodes[_nodes[node].Left].Largest, _nodes[_nodes[node].Right].Largest));

    private void MeasureUpwards(int node)
    {
        for (; node != 0; node = _nodes[node].Parent)
        {
            _nodes[node].Largest = Measure(node);
        }
    }

    private void Adopt(int parent, int child)
    {
        if (child != 0)
        {
            _nodes[child].Parent = parent;
        }
    }

    /// <summary>Puts a node, or none, in the place of another.</summary>
    private void Replace(int node, int by)
    {
        int parent = _nodes[node].Parent;
        if (parent == 0)
        {
            _root = by;
        }
        else if (_nodes[parent].Left == node)
        {
            _nodes[parent].Left = by;
        }
        else
        {
            _nodes[parent].Right = by;
        }
        if (by != 0)
        {
            _nodes[by].Parent = parent;
        }
    }

    private void Rotate(int node, bool left)
    {
        int up = left ? _nodes[node].Right : _nodes[node].Left;
        int inner = left ? _nodes[up].Left : _nodes[up].Right;
        Replace(node, up);
        if (left)
        {
            (_nodes[node].Right, _nodes[up].Left) = (inner, node);
        }
        else
        {
            (_nodes[node].Left, _nodes[up].Right) = (inner, node);
        }
        Adopt(node, inner);
        _nodes[node].Parent = up;
        _nodes[node].Largest = Measure(node);
        _nodes[up].Largest = Measure(up);
    }

    private void BalanceAfterInsert(int node)
    {
        for (int parent; (parent = _nodes[node].Parent) != 0 && _nodes[parent].Red;)
        {
            int above = _nodes[parent].Parent;
            bool left = parent == _nodes[above].Left;
            int uncle = left ? _nodes[above].Right : _nodes[above].Left;
            if (_nodes[uncle].Red)
            {
                (_nodes[parent].Red, _nodes[uncle].Red, _nodes[above].Red) = (false, false, true);
                node = above;
                continue;
            }
            if (node == (left ? _nodes[parent].Right : _nodes[parent].Left))
            {
                Rotate(parent, left);
                (node, parent) = (parent, node);
            }
            (_nodes[parent].Red, _nodes[above].Red) = (false, true);
            Rotate(above, !left);
        }
        _nodes[_root].Red = false;
    }

    /// <summary>The paths through a node, which may be none, below a parent lack a black node.</summary>
    private void BalanceAfterRemove(int node, int parent)
    {
        while (parent != 0 && !_nodes[node].Red)
        {
            bool left = node == _nodes[parent].Left;
            int sibling = left ? _nodes[parent].Right : _nodes[parent].Left;
            if (_nodes[sibling].Red)
            {
                (_nodes[sibling].Red, _nodes[parent].Red) = (false, true);
                Rotate(parent, left);
                sibling = left ? _nodes[parent].Right : _nodes[parent].Left;
            }
            int near = left ? _nodes[sibling].Left : _nodes[sibling].Right, far = left ? _nodes[sibling].Right : _nodes[sibling].Left;
            if (!_nodes[near].Red && !_nodes[far].Red)
            {
                _nodes[sibling].Red = true;
                (node, parent) = (parent, _nodes[parent].Parent);
                continue;
            }
            if (!_nodes[far].Red)
            {
                (_nodes[near].Red, _nodes[sibling].Red) = (false, true);
                Rotate(sibling, !left);
                (far, sibling) = (sibling, near);
            }
            (_nodes[sibling].Red, _nodes[parent].Red, _nodes[far].Red) = (_nodes[parent].Red, false, false);
            Rotate(parent, left);
            break;
        }
        if (node != 0)
        {
            _nodes[node].Red = false;
        }
    }

    private static ulong Align(ulong address, ulong align) => (address + align - 1) & ~(align - 1);
}
