namespace Sim.Engine.Events;

/// <summary>
/// Strings that events name by id: file names, cache names, task names. Ids count from 1 in order of first use; 0 is
/// no symbol. A <c>symbol</c> event precedes the first use of each id, so a fold rebuilds the table.
/// </summary>
public sealed class SymbolTable
{
    private readonly List<string> _names = [""];
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);

    /// <summary>Number of ids in use, id 0 included.</summary>
    public int Count => _names.Count;

    /// <summary>The string of an id; empty for an id not announced.</summary>
    public string this[int id] => (uint)id < (uint)_names.Count ? _names[id] : "";

    /// <summary>True with the id when the string has one.</summary>
    public bool TryGetId(string name, out int id) => _ids.TryGetValue(name, out id);

    /// <summary>Gives the next id to a string.</summary>
    public int Add(string name)
    {
        _names.Add(name);
        _ids[name] = _names.Count - 1;
        return _names.Count - 1;
    }
}
