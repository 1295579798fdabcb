using System.Reflection;
using System.Runtime.CompilerServices;

namespace Sim.Engine.Snapshots;

/// <summary>
/// Whether values of a type can be saved as the bytes they are: they hold no references, and no bytes between their fields, which
/// have whatever was in memory there.
/// </summary>
internal static class PlainType<T>
{
    public static readonly bool Is =
        !RuntimeHelpers.IsReferenceOrContainsReferences<T>() && PlainType.BytesOfFields(typeof(T)) == Unsafe.SizeOf<T>();
}

internal static class PlainType
{
    public static int BytesOfFields(Type type)
    {
        if (type.IsEnum)
        {
            return BytesOfFields(type.GetEnumUnderlyingType());
        }
        if (type.IsPrimitive || (type.Namespace == nameof(System) && !type.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal)))
        {
            return (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
        }
        int elements = type.GetCustomAttribute<InlineArrayAttribute>()?.Length ?? 1;
        return elements * type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Sum(f => BytesOfFields(f.FieldType));
    }
}
