using MessagePack;
using Sim.Engine.Events;

namespace Sim.Engine.Log;

/// <summary>
/// The event catalogue as a segment's header carries it: an array of maps
/// <c>{kind, name, ignorable, doc, fields: [{name, column, type, unit, deltaGroup, doc, enum}]}</c>.
/// </summary>
internal static class CatalogueCodec
{
    private const int MaxEnumNames = 4096;

    private static readonly string[] TypeNames = ["int32", "int64", "bool", "enum", "address", "symbol"];

    public static void Write(ref MessagePackWriter writer, IReadOnlyList<EventDescriptor> catalogue)
    {
        writer.WriteArrayHeader(catalogue.Count);
        foreach (EventDescriptor e in catalogue)
        {
            writer.WriteMapHeader(5);
            writer.Write("kind");
            writer.Write(e.Kind);
            writer.Write("name");
            writer.Write(e.Name);
            writer.Write("ignorable");
            writer.Write(e.Ignorable);
            writer.Write("doc");
            writer.Write(e.Doc);
            writer.Write("fields");
            writer.WriteArrayHeader(e.Fields.Length);
            foreach (FieldDescriptor field in e.Fields)
            {
                Write(ref writer, field);
            }
        }
    }

    public static EventDescriptor[] Read(ref MessagePackReader reader)
    {
        var catalogue = new EventDescriptor[SealedMap.ArrayOfAtMost(ref reader, EventCatalogue.MaxKinds)];
        int lastKind = -1;
        for (int i = 0; i < catalogue.Length; i++)
        {
            Header(ref reader, 5, "kind");
            int kind = reader.ReadInt32();
            if (kind <= lastKind || kind >= EventCatalogue.MaxKinds)
            {
                throw new CorruptLogException($"the catalogue's event kind {kind} is out of order or range");
            }
            lastKind = kind;
            SealedMap.Key(ref reader, "name");
            string name = SealedMap.Text(ref reader);
            SealedMap.Key(ref reader, "ignorable");
            bool ignorable = reader.ReadBoolean();
            SealedMap.Key(ref reader, "doc");
            string doc = SealedMap.Text(ref reader);
            SealedMap.Key(ref reader, "fields");
            var fields = new FieldDescriptor[SealedMap.ArrayOfAtMost(ref reader, LogFormat.MaxFields)];
            for (int f = 0; f < fields.Length; f++)
            {
                fields[f] = ReadField(ref reader);
            }
            catalogue[i] = new EventDescriptor(kind, name, ignorable, doc, fields);
        }
        return catalogue;
    }

    private static void Write(ref MessagePackWriter writer, FieldDescriptor field)
    {
        writer.WriteMapHeader(7);
        writer.Write("name");
        writer.Write(field.Name);
        writer.Write("column");
        writer.Write(field.Column);
        writer.Write("type");
        writer.Write(TypeNames[(int)field.Type]);
        writer.Write("unit");
        writer.Write(field.Unit);
        writer.Write("deltaGroup");
        writer.Write(field.DeltaGroup);
        writer.Write("doc");
        writer.Write(field.Doc);
        writer.Write("enum");
        writer.WriteArrayHeader(field.EnumNames.Length);
        foreach (string name in field.EnumNames)
        {
            writer.Write(name);
        }
    }

    private static FieldDescriptor ReadField(ref MessagePackReader reader)
    {
        Header(ref reader, 7, "name");
        string name = SealedMap.Text(ref reader);
        SealedMap.Key(ref reader, "column");
        string column = SealedMap.Text(ref reader);
        SealedMap.Key(ref reader, "type");
        string typeName = SealedMap.Text(ref reader);
        int type = Array.IndexOf(TypeNames, typeName);
        if (type < 0)
        {
            throw new CorruptLogException($"the field type '{typeName}' is not known");
        }
        SealedMap.Key(ref reader, "unit");
        string unit = SealedMap.Text(ref reader);
        SealedMap.Key(ref reader, "deltaGroup");
        int group = reader.ReadInt32();
        if (group is < -1 or >= EventDecoder.DeltaGroups)
        {
            throw new CorruptLogException($"the delta group {group} is out of range");
        }
        SealedMap.Key(ref reader, "doc");
        string doc = SealedMap.Text(ref reader);
        SealedMap.Key(ref reader, "enum");
        var names = new string[SealedMap.ArrayOfAtMost(ref reader, MaxEnumNames)];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = SealedMap.Text(ref reader);
        }
        return new FieldDescriptor(name, column, (FieldType)type, unit, group, doc, names);
    }

    private static void Header(ref MessagePackReader reader, int entries, string firstKey)
    {
        int count = reader.ReadMapHeader();
        if (count != entries)
        {
            throw new CorruptLogException($"a catalogue entry has {count} values, expected {entries}");
        }
        SealedMap.Key(ref reader, firstKey);
    }
}
