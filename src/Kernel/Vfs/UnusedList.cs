using Sim.Engine.Events;

namespace Sim.Kernel.Vfs;

/// <summary>
/// Objects of one kind by number of file, and the list of those that nobody uses, oldest first (<c>struct list_lru</c>). Part of the
/// sourced state; changed by <c>Apply</c> only.
/// </summary>
internal sealed class UnusedList
{
    private readonly List<int> _isolated = [];
    private CachedObject[] _objects = [];
    private int _first = -1, _last = -1;

    /// <summary>Objects on the list.</summary>
    public long Listed { get; private set; }

    /// <summary>Objects in memory.</summary>
    public long Cached { get; private set; }

    /// <summary>Objects that a walk has taken off to go, in the order it met them.</summary>
    public IReadOnlyList<int> Isolated => _isolated;

    /// <summary>Numbers of files there is room for.</summary>
    public int Capacity => _objects.Length;

    /// <summary>First on the list; -1 for none.</summary>
    public int First => _first;

    /// <summary>A file's object.</summary>
    public CachedObject this[int file] => (uint)file < (uint)_objects.Length ? _objects[file] : default;

    /// <summary>An object is in memory.</summary>
    public void Add(int file, long address, int users)
    {
        if (file >= _objects.Length)
        {
            Array.Resize(ref _objects, Math.Max(file + 1, _objects.Length * 2));
        }
        _objects[file] = new CachedObject { Address = address, Users = users, Next = -1, Prev = -1 };
        Cached++;
    }

    /// <summary>It is in use once more; it stays on the list until a walk meets it.</summary>
    public void Get(int file) => _objects[file].Users++;

    /// <summary>It is in use once less; unused it is kept (<c>retain_dentry</c>, <c>__inode_add_lru</c>).</summary>
    public void Put(int file)
    {
        ref CachedObject o = ref _objects[file];
        if (--o.Users > 0)
        {
            return;
        }
        if (o.IsListed)
        {
            o.IsReferenced = true;
        }
        else
        {
            Append(file);
        }
    }

    /// <summary>It is not in memory any more.</summary>
    public void Remove(int file)
    {
        _isolated.Remove(file);
        _objects[file] = default;
        Cached--;
    }

    /// <summary>Looks at the oldest objects.</summary>
    public void Walk(long objects)
    {
        // Each is looked at once, although referenced ones go to the end of the list.
        for (long left = Math.Min(objects, Listed); left > 0; left--)
        {
            int file = _first;
            ref CachedObject o = ref _objects[file];
            Unlink(file);
            if (o.Users > 0)
            {
                continue;
            }
            if (o.IsReferenced)
            {
                o.IsReferenced = false;
                Append(file);
            }
            else
            {
                _isolated.Add(file);
            }
        }
    }

    public void HashInto(ref XxHash64 hash)
    {
        for (int file = 0; file < _objects.Length; file++)
        {
            CachedObject o = _objects[file];
            if (o.Address != 0)
            {
                hash.Add(file);
                hash.Add(o.Address);
                hash.Add(((long)o.Next << 32) | (uint)o.Prev);
                hash.Add(((long)o.Users << 2) | (o.IsListed ? 2L : 0) | (o.IsReferenced ? 1L : 0));
            }
        }
        hash.Add(Listed);
        hash.Add(Cached);
        hash.Add(_first);
        hash.Add(_last);
        foreach (int file in _isolated)
        {
            hash.Add(file);
        }
    }

    private void Append(int file)
    {
        ref CachedObject o = ref _objects[file];
        (o.Prev, o.Next, o.IsListed) = (_last, -1, true);
        if (_last < 0)
        {
            _first = file;
        }
        else
        {
            _objects[_last].Next = file;
        }
        _last = file;
        Listed++;
    }

    private void Unlink(int file)
    {
        ref CachedObject o = ref _objects[file];
        if (o.Prev < 0)
        {
            _first = o.Next;
        }
        else
        {
            _objects[o.Prev].Next = o.Next;
        }
        if (o.Next < 0)
        {
            _last = o.Prev;
        }
        else
        {
            _objects[o.Next].Prev = o.Prev;
        }
        (o.Prev, o.Next, o.IsListed) = (-1, -1, false);
        Listed--;
    }
}
