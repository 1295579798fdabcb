using System.Text;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace Sim.Engine.Generator;

/// <summary>What the generator knows of one event: plain values, so that the incremental pipeline can compare them.</summary>
internal sealed record EventModel(
    string Namespace, string TypeName, int Kind, string Name, bool Ignorable, string Doc, FieldList Fields, string? Problem)
{
    public static EventModel From(INamedTypeSymbol type, AttributeData attribute)
    {
        int kind = (int)(attribute.ConstructorArguments[0].Value ?? -1);
        string name = (string)(attribute.ConstructorArguments[1].Value ?? "");
        bool ignorable = attribute.NamedArguments.Any(a => a.Key == "Ignorable" && a.Value.Value is true);
        XElement? doc = ParseDoc(type.GetDocumentationCommentXml());
        IMethodSymbol? constructor = type.InstanceConstructors
            .Where(c => c.Parameters.Length > 0 && !SymbolEqualityComparer.Default.Equals(c.Parameters[0].Type, type))
            .OrderByDescending(c => c.Parameters.Length).FirstOrDefault();
        string? problem = null;
        var fields = new List<FieldModel>();
        foreach (IParameterSymbol parameter in constructor?.Parameters ?? [])
        {
            FieldModel? field = FieldModel.From(parameter, doc);
            if (field is null)
            {
                problem = $"field {parameter.Name} has a type an event cannot have; use int, long, bool, byte, short, ushort or an int enum";
                continue;
            }
            if (field.Doc.Length == 0)
            {
                problem = $"field {parameter.Name} has no <param> documentation";
            }
            fields.Add(field);
        }
        if (Text(doc?.Element("summary")).Length == 0)
        {
            problem = "the declaration has no <summary>";
        }
        if (fields.Count > 12)
        {
            problem = "an event has at most 12 fields";
        }
        if (kind is < 1 or > 255 || name.Length == 0)
        {
            problem = "the kind must be 1 to 255 and the name not empty";
        }
        return new EventModel(type.ContainingNamespace.ToDisplayString(), type.Name, kind, name, ignorable,
            Text(doc?.Element("summary")), new FieldList(fields), problem);
    }

    internal static string Text(XElement? element)
    {
        if (element is null)
        {
            return "";
        }
        var text = new StringBuilder();
        foreach (XNode node in element.DescendantNodes())
        {
            if (node is XText t)
            {
                text.Append(t.Value);
            }
            else if (node is XElement e && e.IsEmpty && (e.Attribute("cref") ?? e.Attribute("name")) is { } reference)
            {
                text.Append(reference.Value.Split('.', ':').Last());
            }
        }
        return string.Join(" ", text.ToString().Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries));
    }

    private static XElement? ParseDoc(string? xml)
    {
        try
        {
            return string.IsNullOrEmpty(xml) ? null : XElement.Parse(xml);
        }
        catch (System.Xml.XmlException)
        {
            return null;
        }
    }
}

/// <summary>A field of an event.</summary>
internal sealed record FieldModel(
    string Name, string CSharpType, string Type, string Unit, int DeltaGroup, string Doc, string EnumNames)
{
    /// <summary>Name in tables: snake_case, with the few SQL words the conventions rename.</summary>
    public string Column
    {
        get
        {
            var text = new StringBuilder();
            for (int i = 0; i < Name.Length; i++)
            {
                if (char.IsUpper(Name[i]) && i > 0 && !char.IsUpper(Name[i - 1]))
                {
                    text.Append('_');
                }
                text.Append(char.ToLowerInvariant(Name[i]));
            }
            string snake = text.ToString();
            return snake switch
            {
                "order" => "page_order",
                "end" => "end_vpn",
                "user" => "is_user",
                "offset" => "byte_offset",
                "group" => "bank_group",
                "table" => "table_pfn",
                _ => snake,
            };
        }
    }

    public static FieldModel? From(IParameterSymbol parameter, XElement? doc)
    {
        string? type = parameter.Type.SpecialType switch
        {
            SpecialType.System_Int64 => "Int64",
            SpecialType.System_Int32 or SpecialType.System_Byte or SpecialType.System_Int16 or SpecialType.System_UInt16 => "Int32",
            SpecialType.System_Boolean => "Bool",
            _ => parameter.Type.TypeKind != TypeKind.Enum ? null : IsBitMask(parameter.Type) ? "Int32" : "Enum",
        };
        if (type is null)
        {
            return null;
        }
        string enumNames = "";
        if (type == "Enum")
        {
            var names = new SortedDictionary<long, string>();
            foreach (IFieldSymbol member in parameter.Type.GetMembers().OfType<IFieldSymbol>().Where(f => f.HasConstantValue))
            {
                long value = Convert.ToInt64(member.ConstantValue, System.Globalization.CultureInfo.InvariantCulture);
                if (value is >= 0 and < 256 && !names.ContainsKey(value))
                {
                    names[value] = KernelName(member);
                }
            }
            long top = names.Count == 0 ? -1 : names.Keys.Max();
            enumNames = string.Join(",", Enumerable.Range(0, (int)top + 1).Select(i => names.TryGetValue(i, out string? n) ? n : i.ToString()));
        }
        string unit = "";
        int group = -1;
        foreach (AttributeData attribute in parameter.GetAttributes())
        {
            switch (attribute.AttributeClass?.Name)
            {
                case "UnitAttribute":
                    unit = (string)(attribute.ConstructorArguments[0].Value ?? "");
                    break;
                case "DeltaAttribute":
                    group = (int)(attribute.ConstructorArguments[0].Value ?? -1);
                    break;
                case "AddressAttribute":
                    type = "Address";
                    break;
                case "SymbolAttribute":
                    type = "Symbol";
                    break;
            }
        }
        XElement? param = doc?.Elements("param").FirstOrDefault(p => (string?)p.Attribute("name") == parameter.Name);
        return new FieldModel(parameter.Name, parameter.Type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat), type, unit, group,
            EventModel.Text(param), enumNames);
    }

    /// <summary>A <c>[Flags]</c> enum of 32 bits or fewer: its values are sums, which have no names.</summary>
    private static bool IsBitMask(ITypeSymbol type) =>
        type.GetAttributes().Any(a => a.AttributeClass?.ToDisplayString() == "System.FlagsAttribute")
        && ((INamedTypeSymbol)type).EnumUnderlyingType?.SpecialType is not (SpecialType.System_Int64 or SpecialType.System_UInt64 or SpecialType.System_UInt32);

    /// <summary>The name shown for an enum member: snake_case of the C# name.</summary>
    private static string KernelName(IFieldSymbol member)
    {
        var text = new StringBuilder();
        for (int i = 0; i < member.Name.Length; i++)
        {
            char c = member.Name[i];
            if (char.IsUpper(c) && i > 0 && char.IsLower(member.Name[i - 1]))
            {
                text.Append('_');
            }
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}

/// <summary>A list of fields that compares by content.</summary>
internal sealed class FieldList(List<FieldModel> items) : IEquatable<FieldList>
{
    public List<FieldModel> Items { get; } = items;

    public bool Equals(FieldList? other) => other is not null && Items.SequenceEqual(other.Items);

    public override bool Equals(object? obj) => Equals(obj as FieldList);

    public override int GetHashCode() => Items.Count;
}
