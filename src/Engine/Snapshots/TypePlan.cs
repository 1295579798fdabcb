using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;

namespace Sim.Engine.Snapshots;

/// <summary>
/// The fields of a type as a compiled visit: those of its base types first, each in the order of declaration. A field is
/// fixed when it can only be set by a constructor, as are parameters of primary constructors.
/// </summary>
internal static class TypePlan
{
    internal delegate void ObjectVisitor(StateVisitor visitor, object value);

    private static readonly MethodInfo VisitField =
        typeof(StateVisitor).GetMethod(nameof(StateVisitor.Field), BindingFlags.Instance | BindingFlags.NonPublic)!;

    private static readonly ConcurrentDictionary<Type, ObjectVisitor> Plans = new();

    /// <summary>The visit of a class's fields.</summary>
    public static ObjectVisitor OfClass(Type type) => Plans.GetOrAdd(type, static t =>
    {
        var method = new DynamicMethod($"visit {t.Name}", null, [typeof(StateVisitor), typeof(object)], typeof(TypePlan).Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        foreach (FieldInfo field in Fields(t))
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Castclass, field.DeclaringType!);
            il.Emit(OpCodes.Ldflda, field);
            il.Emit(IsFixed(field) ? OpCodes.Ldc_I4_1 : OpCodes.Ldc_I4_0);
            il.Emit(OpCodes.Call, VisitField.MakeGenericMethod(field.FieldType));
        }
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<ObjectVisitor>();
    });

    /// <summary>The visit of a structure's fields; all are fixed when the field that holds the structure is.</summary>
    public static FieldShape<T>.Visitor OfStruct<T>()
    {
        var method = new DynamicMethod(
            $"visit {typeof(T).Name}", null, [typeof(StateVisitor), typeof(T).MakeByRefType(), typeof(bool)], typeof(TypePlan).Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        foreach (FieldInfo field in Fields(typeof(T)))
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldflda, field);
            il.Emit(OpCodes.Ldarg_2);
            il.Emit(OpCodes.Call, VisitField.MakeGenericMethod(field.FieldType));
        }
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<FieldShape<T>.Visitor>();
    }

    /// <summary>The fields of a type that are state.</summary>
    internal static IEnumerable<FieldInfo> Fields(Type type)
    {
        const BindingFlags own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        if (type.GetCustomAttribute<NotInSnapshotAttribute>(inherit: false) is not null)
        {
            return [];
        }
        IEnumerable<FieldInfo> inherited = type.BaseType is { } b && b != typeof(object) && b != typeof(ValueType) ? Fields(b) : [];
        return inherited.Concat(type.GetFields(own)
            .Where(f => f.GetCustomAttribute<NotInSnapshotAttribute>() is null)
            .OrderBy(f => f.MetadataToken));
    }

    internal static bool IsFixed(FieldInfo field) => field.IsInitOnly || field.Name.EndsWith(">P", StringComparison.Ordinal);
}
