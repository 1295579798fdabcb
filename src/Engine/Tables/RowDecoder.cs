using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;

namespace Sim.Engine.Tables;

/// <summary>Decodes events that this build has no type for into a row of columns.</summary>
internal abstract class RowDecoder
{
    /// <summary>Decodes the fields into row <see cref="EventColumns.Row"/> and completes the row.</summary>
    public abstract void Decode(ref EventDecoder decoder, int fieldCount, long sequence, EventColumns columns);
}

/// <summary>Decodes a kind by the description in the log: of an older or newer build, or of one with other kinds.</summary>
internal sealed class DescribedRowDecoder(EventDescriptor descriptor) : RowDecoder
{
    public override void Decode(ref EventDecoder decoder, int fieldCount, long sequence, EventColumns columns)
    {
        FieldDescriptor[] fields = descriptor.Fields;
        int row = columns.Row, column = 0;
        for (int i = 0; i < fields.Length; i++)
        {
            FieldDescriptor field = fields[i];
            long value = i >= fieldCount ? 0
                : field.Type == FieldType.Bool ? (decoder.ReadBoolean() ? 1 : 0)
                : field.DeltaGroup >= 0 ? decoder.ReadDelta(field.DeltaGroup)
                : decoder.ReadInt64();
            switch (field.Type)
            {
                case FieldType.Int64:
                    columns.Int64[column++][row] = value;
                    break;
                case FieldType.Bool:
                    columns.Bool[column++][row] = value != 0;
                    break;
                case FieldType.Address:
                    columns.Int64[column++][row] = (long)((ulong)value >> 12);
                    columns.Int32[column++][row] = (int)(value & 4095);
                    break;
                default:
                    columns.Int32[column++][row] = (int)value;
                    break;
            }
        }
        LogSchema.SkipFields(ref decoder, fields, Math.Min(fields.Length, fieldCount), fieldCount);
        columns.Row = row + 1;
    }
}

/// <summary>Learns the strings that <c>symbol</c> events announce; the row has the id twice, once to be shown by its string.</summary>
internal sealed class SymbolRowDecoder(SymbolTable symbols) : RowDecoder
{
    public override void Decode(ref EventDecoder decoder, int fieldCount, long sequence, EventColumns columns)
    {
        if (fieldCount < 2)
        {
            throw new CorruptLogException($"the symbol event {sequence} has {fieldCount} fields, expected 2");
        }
        long id = decoder.ReadInt64();
        ReadOnlySpan<byte> name = decoder.ReadStringUtf8();
        if (id != symbols.Count || name.Length > SymbolEvent.MaxBytes)
        {
            throw new CorruptLogException($"event {sequence} announces symbol {id} with {name.Length} bytes; {symbols.Count} is next");
        }
        symbols.Add(Encoding.UTF8.GetString(name));
        LogSchema.SkipFields(ref decoder, SymbolEvent.Descriptor.Fields, 2, fieldCount);
        columns.Int32[0][columns.Row] = (int)id;
        columns.Int32[1][columns.Row] = (int)id;
        columns.Row++;
    }
}
