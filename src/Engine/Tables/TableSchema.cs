using System.Text;
using System.Text.Json;
using Parquet;
using Parquet.Schema;

namespace Sim.Engine.Tables;

/// <summary>A table's name and columns.</summary>
public sealed class TableSchema
{
    /// <param name="name">snake_case; also the table's folder.</param>
    /// <param name="doc">What a row is.</param>
    /// <param name="columns">In order.</param>
    /// <exception cref="ArgumentException">A name is not snake_case, or two columns have one that differs in case alone.</exception>
    public TableSchema(string name, string doc, IReadOnlyList<TableColumn> columns)
    {
        CheckName(name);
        for (int i = 0; i < columns.Count; i++)
        {
            CheckName(columns[i].Name);
            for (int other = 0; other < i; other++)
            {
                if (columns[i].Name == columns[other].Name)
                {
                    throw new ArgumentException($"The table {name} has two columns named {columns[i].Name}.", nameof(columns));
                }
            }
        }
        Name = name;
        Doc = doc;
        Columns = columns;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What a row is.</summary>
    public string Doc { get; }

    /// <summary>Its columns, in order.</summary>
    public IReadOnlyList<TableColumn> Columns { get; }

    /// <summary>The columns as Parquet has them, all of them REQUIRED.</summary>
    internal ParquetSchema ToParquet()
    {
        var fields = new Field[Columns.Count];
        for (int i = 0; i < fields.Length; i++)
        {
            string name = Columns[i].Name;
            fields[i] = Columns[i].Type switch
            {
                ColumnType.Text => new DataField(name, typeof(string), isNullable: false),
                ColumnType.Int32 => new DataField<int>(name),
                ColumnType.Int64 => new DataField<long>(name),
                ColumnType.Bool => new DataField<bool>(name),
                _ => new DataField<double>(name),
            };
        }
        return new ParquetSchema(fields);
    }

    /// <summary>How the columns are encoded: differences where values grow, otherwise a dictionary where it pays.</summary>
    internal void HintTo(ParquetOptions options)
    {
        foreach (TableColumn column in Columns)
        {
            if (column.Type is ColumnType.Int32 or ColumnType.Int64 or ColumnType.Double)
            {
                options.ColumnEncodingHints[column.Name] = column.Ascending ? EncodingHint.DeltaBinaryPacked : EncodingHint.Dictionary;
            }
        }
    }

    /// <summary>Unit and meaning of every column, as the files' metadata carries them: <c>{name: {unit, doc}}</c>.</summary>
    internal string ColumnsJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (TableColumn column in Columns)
            {
                json.WriteStartObject(column.Name);
                json.WriteString("unit", column.Unit);
                json.WriteString("doc", column.Doc);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void CheckName(string name)
    {
        bool good = name.Length > 0 && char.IsAsciiLetterLower(name[0]);
        foreach (char c in name)
        {
            good &= char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_';
        }
        if (!good)
        {
            throw new ArgumentException($"'{name}' is not snake_case: a lower-case letter, then letters, digits and underscores.", nameof(name));
        }
    }
}
