namespace Parquet.Schema;

/// <summary>A node of the schema.</summary>
public abstract class Field
{
    protected Field(string name, SchemaType schemaType)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
        SchemaType = schemaType;
        Path = new FieldPath(name);
    }

    public SchemaType SchemaType { get; }

    public string Name { get; }

    public FieldPath Path { get; }

    /// <summary>Whether values may be null (OPTIONAL) or not (REQUIRED).</summary>
    public virtual bool IsNullable { get; internal set; }

    /// <summary>Always 0: repeated fields are not supported.</summary>
    public int MaxRepetitionLevel => 0;

    /// <summary>1 if the field is nullable, else 0.</summary>
    public int MaxDefinitionLevel => IsNullable ? 1 : 0;

    public override string ToString() => $"{Path} ({SchemaType})";
}
