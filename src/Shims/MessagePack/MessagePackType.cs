namespace MessagePack;

/// <summary>The kinds of value that MessagePack tells apart.</summary>
public enum MessagePackType : byte
{
    /// <summary>The one code the specification never uses, 0xc1.</summary>
    Unknown = 0,
    Integer = 1,
    Nil = 2,
    Boolean = 3,
    Float = 4,
    String = 5,
    Binary = 6,
    Array = 7,
    Map = 8,
    Extension = 9,
}
