namespace MessagePack;

/// <summary>Extension types that the specification itself defines.</summary>
public static class ReservedMessagePackExtensionTypeCode
{
    /// <summary>The timestamp: 4, 8 or 12 bytes of seconds and nanoseconds since 1970-01-01T00:00:00Z.</summary>
    public const sbyte DateTime = -1;
}
