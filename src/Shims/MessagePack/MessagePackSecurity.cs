namespace MessagePack;

/// <summary>How deeply nested the data may be that a recursive reader follows.</summary>
public class MessagePackSecurity
{
    /// <summary>Settings for data of known origin.</summary>
    public static readonly MessagePackSecurity TrustedData = new(500);

    /// <summary>Settings for data that may be hostile.</summary>
    public static readonly MessagePackSecurity UntrustedData = new(500);

    private MessagePackSecurity(int maximumObjectGraphDepth) => MaximumObjectGraphDepth = maximumObjectGraphDepth;

    /// <summary>The number of arrays, maps and extensions that may enclose a value.</summary>
    public int MaximumObjectGraphDepth { get; }

    /// <summary>The same settings with another <see cref="MaximumObjectGraphDepth"/>.</summary>
    public MessagePackSecurity WithMaximumObjectGraphDepth(int maximumObjectGraphDepth) =>
        maximumObjectGraphDepth == MaximumObjectGraphDepth ? this : new MessagePackSecurity(maximumObjectGraphDepth);

    /// <summary>
    /// Counts one level of nesting in <see cref="MessagePackReader.Depth"/>. Call it before reading the elements of an array or a map,
    /// and decrement the depth after them.
    /// </summary>
    /// <exception cref="InsufficientExecutionStackException">The reader is at <see cref="MaximumObjectGraphDepth"/> already.</exception>
    public void DepthStep(ref MessagePackReader reader)
    {
        if (reader.Depth >= MaximumObjectGraphDepth)
        {
            Throw.TooDeep(MaximumObjectGraphDepth, reader.Consumed);
        }

        reader.Depth++;
    }
}
