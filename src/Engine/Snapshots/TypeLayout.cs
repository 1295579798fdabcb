using System.Collections.Concurrent;
using System.Text;
using Sim.Engine.Events;

namespace Sim.Engine.Snapshots;

/// <summary>
/// Hash of what an image has of a type: names and types of its fields, those of structures within it included. An image made
/// by a build where they were others is refused.
/// </summary>
internal static class TypeLayout
{
    private static readonly ConcurrentDictionary<Type, ulong> Hashes = new();

    public static ulong Hash(Type type) => Hashes.GetOrAdd(type, static t =>
    {
        var text = new StringBuilder();
        Describe(t, text);
        return XxHash64.Hash(Encoding.UTF8.GetBytes(text.ToString()));
    });

    private static void Describe(Type type, StringBuilder text)
    {
        text.Append(type).Append('{');
        if (type.IsArray)
        {
            Describe(type.GetElementType()!, text);
        }
        foreach (Type argument in type.GetGenericArguments().Where(a => a.IsValueType))
        {
            Describe(argument, text);
        }
        if (type is { IsPrimitive: false, IsEnum: false } && type.Namespace?.StartsWith("System", StringComparison.Ordinal) != true)
        {
            foreach (System.Reflection.FieldInfo field in TypePlan.Fields(type))
            {
                text.Append(field.Name).Append(' ').Append(field.FieldType).Append(';');
                if (field.FieldType.IsValueType)
                {
                    Describe(field.FieldType, text);
                }
            }
        }
        text.Append('}');
    }
}
