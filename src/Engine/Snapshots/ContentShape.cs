using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sim.Engine.Snapshots;

/// <summary>What an object of a class holds, and how one is made: fields, or the elements of an array or a collection.</summary>
internal abstract class ContentShape
{
    private static readonly ConcurrentDictionary<Type, ContentShape> Shapes = new();

    private static readonly Dictionary<Type, Type> Collections = new()
    {
        [typeof(List<>)] = typeof(ListShape<>),
        [typeof(Queue<>)] = typeof(QueueShape<>),
        [typeof(Stack<>)] = typeof(StackShape<>),
        [typeof(HashSet<>)] = typeof(SetShape<,>),
        [typeof(SortedSet<>)] = typeof(SetShape<,>),
        [typeof(Dictionary<,>)] = typeof(MapShape<,,>),
        [typeof(SortedList<,>)] = typeof(MapShape<,,>),
        [typeof(SortedDictionary<,>)] = typeof(MapShape<,,>),
    };

    /// <exception cref="NotSupportedException">Objects of the type cannot be saved.</exception>
    public static ContentShape Of(Type type) => Shapes.GetOrAdd(type, Choose);

    /// <summary>
    /// A record made by the constructors: settings, which are what they are by the configuration. Only the way to it is saved.
    /// </summary>
    public virtual bool IsSettings => false;

    /// <summary>Elements of an array; 0 for others.</summary>
    public virtual int Length(object value) => 0;

    /// <summary>An empty object, or an array of a length.</summary>
    public abstract object Create(int length);

    public abstract void Visit(StateVisitor visitor, object value);

    private static ContentShape Choose(Type type)
    {
        if (type.IsSZArray)
        {
            return Make(typeof(ArrayShape<>), [type.GetElementType()!]);
        }
        if (type.IsGenericType && Collections.TryGetValue(type.GetGenericTypeDefinition(), out Type? shape))
        {
            Type[] arguments = type.GetGenericArguments();
            return Make(shape, shape.GetGenericArguments().Length > arguments.Length ? [type, .. arguments] : arguments);
        }
        return IsOurs(type) && !type.IsAbstract
            ? new ObjectShape(type)
            : throw new NotSupportedException($"An object of type {type} cannot be part of a snapshot. Mark the field that holds it [NotInSnapshot], or save it in ISnapshotState.Visit.");
    }

    // A library's objects have fields that mean something to the library alone.
    private static bool IsOurs(Type type) =>
        type.Assembly.GetName().Name is { } name && (name == "sim" || name.StartsWith("Sim.", StringComparison.Ordinal));

    private static ContentShape Make(Type shape, Type[] arguments) =>
        (ContentShape)Activator.CreateInstance(shape.MakeGenericType(arguments), BindingFlags.Instance | BindingFlags.Public, null, null, null)!;

    private sealed class ObjectShape(Type type) : ContentShape
    {
        private readonly TypePlan.ObjectVisitor _fields = TypePlan.OfClass(type);

        // The compiler gives records, and nothing else, this method.
        public override bool IsSettings { get; } = type.GetMethod("<Clone>$") is not null;

        public override object Create(int length) => RuntimeHelpers.GetUninitializedObject(type);

        public override void Visit(StateVisitor visitor, object value)
        {
            _fields(visitor, value);
            (value as ISnapshotState)?.Visit(visitor);
        }
    }

    private sealed class ArrayShape<T> : ContentShape
    {
        public override int Length(object value) => ((T[])value).Length;

        public override object Create(int length) => new T[length];

        public override void Visit(StateVisitor visitor, object value) => Elements(visitor, (T[])value);
    }

    private sealed class ListShape<T> : ContentShape
    {
        public override object Create(int length) => new List<T>();

        public override void Visit(StateVisitor visitor, object value)
        {
            var list = (List<T>)value;
            CollectionsMarshal.SetCount(list, visitor.Count(list.Count));
            Elements(visitor, CollectionsMarshal.AsSpan(list));
        }
    }

    private sealed class QueueShape<T> : ContentShape
    {
        public override object Create(int length) => new Queue<T>();

        public override void Visit(StateVisitor visitor, object value)
        {
            var queue = (Queue<T>)value;
            T[] items = Resized(visitor, queue.ToArray());
            Elements(visitor, items);
            if (visitor.IsLoading)
            {
                queue.Clear();
                Array.ForEach(items, queue.Enqueue);
            }
        }
    }

    private sealed class StackShape<T> : ContentShape
    {
        public override object Create(int length) => new Stack<T>();

        public override void Visit(StateVisitor visitor, object value)
        {
            var stack = (Stack<T>)value;
            T[] items = Resized(visitor, [.. stack.Reverse()]);
            Elements(visitor, items);
            if (visitor.IsLoading)
            {
                stack.Clear();
                Array.ForEach(items, stack.Push);
            }
        }
    }

    // In order, so that equal sets have equal images.
    private sealed class SetShape<TSet, T> : ContentShape where TSet : ISet<T>
    {
        public override object Create(int length) => Activator.CreateInstance<TSet>()!;

        public override void Visit(StateVisitor visitor, object value)
        {
            var set = (TSet)value;
            T[] items = Resized(visitor, [.. set.OrderBy(i => i, Ordinal<T>())]);
            Elements(visitor, items);
            if (visitor.IsLoading)
            {
                set.Clear();
                foreach (T item in items)
                {
                    set.Add(item);
                }
            }
        }
    }

    private sealed class MapShape<TMap, TKey, TValue> : ContentShape where TMap : IDictionary<TKey, TValue> where TKey : notnull
    {
        public override object Create(int length) => Activator.CreateInstance<TMap>()!;

        public override void Visit(StateVisitor visitor, object value)
        {
            var map = (TMap)value;
            TKey[] keys = Resized(visitor, [.. map.Keys.OrderBy(k => k, Ordinal<TKey>())]);
            Elements(visitor, keys);
            var values = new TValue[keys.Length];
            for (int i = 0; i < keys.Length; i++)
            {
                values[i] = map.TryGetValue(keys[i], out TValue? known) ? known : default!;
            }
            Elements(visitor, values);
            if (visitor.IsLoading)
            {
                map.Clear();
                for (int i = 0; i < keys.Length; i++)
                {
                    map.Add(keys[i], values[i]);
                }
            }
        }
    }

    private static IComparer<T> Ordinal<T>() =>
        typeof(T) == typeof(string) ? (IComparer<T>)(object)StringComparer.Ordinal : Comparer<T>.Default;

    private static T[] Resized<T>(StateVisitor visitor, T[] items)
    {
        Array.Resize(ref items, visitor.Count(items.Length));
        return items;
    }

    private static void Elements<T>(StateVisitor visitor, Span<T> items)
    {
        if (PlainType<T>.Is)
        {
            Span<byte> bytes = MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(items)), checked(items.Length * Unsafe.SizeOf<T>()));
            if (bytes.Length >= StateImage.PageBytes)
            {
                visitor.Align();
            }
            visitor.Bytes(bytes);
            return;
        }
        foreach (ref T item in items)
        {
            visitor.Field(ref item, isFixed: false);
        }
    }
}
