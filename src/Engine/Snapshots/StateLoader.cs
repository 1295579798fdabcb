using System.Text;

namespace Sim.Engine.Snapshots;

/// <summary>
/// Restores objects from an image into objects made by the same constructors. What was there is filled in place and keeps
/// what is fixed in it; what came into being later is made anew.
/// </summary>
/// <param name="image">Where from.</param>
/// <param name="anchors">The machine as its constructors have just made it.</param>
public sealed class StateLoader(StateImage image, StateAnchors anchors) : StateVisitor
{
    private readonly List<object> _objects = [];
    private readonly List<Type> _types = [];
    private long _at;

    /// <inheritdoc/>
    public override bool IsLoading => true;

    /// <inheritdoc/>
    public override void Bytes(Span<byte> bytes)
    {
        image.Read(_at, bytes);
        _at += bytes.Length;
    }

    /// <summary>Restores a root object, in the order in which they were saved.</summary>
    /// <exception cref="InvalidDataException">The image is not of such an object.</exception>
    public void Load(object root)
    {
        try
        {
            if (Reference(root, isFixed: true) != root)
            {
                throw new InvalidDataException($"The image holds no {root.GetType().Name}.");
            }
        }
        catch (Exception e) when (e is InvalidCastException or ArgumentException or OverflowException or NotSupportedException or MemberAccessException)
        {
            throw new InvalidDataException($"The image is none of a {root.GetType().Name}: {e.Message}", e);
        }
        Align();
    }

    internal override void Align() => _at = (_at + StateImage.PageBytes - 1) & -StateImage.PageBytes;

    internal override object? Reference(object? current, bool isFixed)
    {
        int number = Number();
        switch (number)
        {
            case 0:
                return null;
            case 1:
                byte[] utf8 = new byte[Length(Number())];
                Bytes(utf8);
                return Encoding.UTF8.GetString(utf8);
        }
        number -= 2;
        if (number < _objects.Count)
        {
            return _objects[number];
        }
        if (number != _objects.Count)
        {
            throw new InvalidDataException($"The image names object {number} before {_objects.Count}.");
        }
        Type type = TypeOf();
        var shape = ContentShape.Of(type);
        int length = Length(Number());
        ulong way = 0;
        Plain(ref way);
        object? there = way != 0 ? anchors.At(way) : null;
        bool isThere = there is not null && there.GetType() == type && shape.Length(there) == length;
        object value = isThere ? there! : shape.Create(length);
        _objects.Add(value);
        if (way != 0 && shape.IsSettings)
        {
            return isThere ? value : throw new InvalidDataException($"The image refers to a {type.Name} that this machine does not have.");
        }
        bool outer = Keeps;
        Keeps = isThere;
        shape.Visit(this, value);
        Keeps = outer;
        return value;
    }

    internal override int Count(int count) => Length(Number());

    private Type TypeOf()
    {
        int known = Number();
        if (known < _types.Count)
        {
            return _types[known];
        }
        byte[] name = new byte[Length(Number())];
        Bytes(name);
        string text = Encoding.UTF8.GetString(name);
        Type type = Type.GetType(text, throwOnError: false) ?? throw new InvalidDataException($"The image has objects of type {text}, which this build lacks.");
        ulong layout = 0;
        Plain(ref layout);
        if (layout != TypeLayout.Hash(type))
        {
            throw new InvalidDataException($"The image has objects of type {type.Name} with other fields than this build's.");
        }
        _types.Add(type);
        return type;
    }

    private int Number()
    {
        int number = 0;
        Plain(ref number);
        return number >= 0 ? number : throw new InvalidDataException("The image has a negative number.");
    }

    private int Length(int length) =>
        length <= image.Length ? length : throw new InvalidDataException($"The image names {length} elements, more than it can hold.");
}
