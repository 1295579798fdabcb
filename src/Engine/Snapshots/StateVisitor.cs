using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sim.Engine.Snapshots;

/// <summary>
/// Walks the state of a machine, object by object and field by field, in an order that depends on nothing but its types.
/// Saving and restoring take the same steps, so what is saved is what is restored.
/// </summary>
public abstract class StateVisitor
{
    /// <summary>True when restoring.</summary>
    public abstract bool IsLoading { get; }

    /// <summary>Saves bytes, or overwrites them with the saved ones.</summary>
    public abstract void Bytes(Span<byte> bytes);

    /// <summary>The same for elements of a plain type; long spans start on a page of the image, so that equal ones are found.</summary>
    /// <exception cref="NotSupportedException">The type has gaps between its fields, whose bytes are no state.</exception>
    public void Span<T>(Span<T> values) where T : unmanaged
    {
        if (!PlainType<T>.Is)
        {
            throw new NotSupportedException($"{typeof(T)} has gaps between its fields and cannot be saved as the bytes it is.");
        }
        Span<byte> bytes = MemoryMarshal.AsBytes(values);
        if (bytes.Length >= StateImage.PageBytes)
        {
            Align();
        }
        Bytes(bytes);
    }

    /// <summary>Saves a value of any type, or overwrites it with the saved one.</summary>
    public void Value<T>(ref T value) => FieldShape<T>.Visit(this, ref value, isFixed: false);

    /// <summary>A field; <paramref name="isFixed"/> when it never changes after construction.</summary>
    internal void Field<T>(ref T value, bool isFixed) => FieldShape<T>.Visit(this, ref value, isFixed);

    /// <summary>Goes to the next page of the image.</summary>
    internal abstract void Align();

    /// <summary>A reference to an object: saved once, and wherever it is met again as the same object.</summary>
    /// <param name="current">The object there now.</param>
    /// <param name="isFixed">The field never changes after construction.</param>
    internal abstract object? Reference(object? current, bool isFixed);

    /// <summary>True when the field at hand belongs to an object that was there before restoring, so that what is fixed in it stays.</summary>
    internal bool Keeps { get; set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Plain<T>(ref T value) => Bytes(MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref value), Unsafe.SizeOf<T>()));

    /// <summary>A number of elements; a restored one is none that the image could not hold.</summary>
    internal virtual int Count(int count)
    {
        Plain(ref count);
        return count;
    }
}
