using System.Text;

namespace Sim.Engine.Snapshots;

/// <summary>Saves objects, and all that they refer to, into an image.</summary>
/// <param name="image">Where to; saving adds to it.</param>
/// <param name="anchors">The machine as its constructors had made it.</param>
public sealed class StateSaver(StateImage image, StateAnchors anchors) : StateVisitor
{
    private readonly Dictionary<object, int> _numbers = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Type, int> _types = [];

    /// <summary>If not null, gets where in the image each object starts: to tell what differs.</summary>
    public IList<(long Offset, Type Type)>? Objects { get; init; }

    /// <inheritdoc/>
    public override bool IsLoading => false;

    /// <inheritdoc/>
    public override void Bytes(Span<byte> bytes) => image.Append(bytes);

    /// <summary>Saves a root object. Roots share what they both refer to.</summary>
    /// <exception cref="NotSupportedException">Something it refers to cannot be saved.</exception>
    public void Save(object root)
    {
        Reference(root, isFixed: true);
        Align();
    }

    internal override void Align() => image.Align();

    internal override object? Reference(object? current, bool isFixed)
    {
        if (current is null)
        {
            Number(0);
            return null;
        }
        if (current is string text)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(text);
            Number(1);
            Number(utf8.Length);
            Bytes(utf8);
            return current;
        }
        if (_numbers.TryGetValue(current, out int known))
        {
            Number(known);
            return current;
        }
        int number = _numbers.Count + 2;
        _numbers.Add(current, number);
        Number(number);
        Type type = current.GetType();
        var shape = ContentShape.Of(type);
        Objects?.Add((image.Length, type));
        TypeOf(type);
        Number(shape.Length(current));
        ulong way = anchors.WayTo(current) ?? 0;
        Plain(ref way);
        if (way == 0 || !shape.IsSettings)
        {
            shape.Visit(this, current);
        }
        return current;
    }

    private void TypeOf(Type type)
    {
        if (_types.TryGetValue(type, out int known))
        {
            Number(known);
            return;
        }
        _types.Add(type, _types.Count);
        Number(_types.Count - 1);
        byte[] name = Encoding.UTF8.GetBytes(type.AssemblyQualifiedName!);
        Number(name.Length);
        Bytes(name);
        ulong layout = TypeLayout.Hash(type);
        Plain(ref layout);
    }

    private void Number(int number) => Plain(ref number);
}
