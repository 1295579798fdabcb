using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Sim.Host.Experiments;

/// <summary>
/// JSON text with comments and trailing commas to <see cref="ConfigNode"/>. Duplicate keys, more than 64 levels and more
/// than 250,000 values are refused.
/// </summary>
public static class ConfigParser
{
    /// <summary>Levels of nesting.</summary>
    public const int MaxDepth = 64;

    /// <summary>Values in a file.</summary>
    public const int MaxValues = 250_000;

    /// <exception cref="ExperimentException">The text is not such JSON.</exception>
    public static ConfigNode Parse(ConfigText text)
    {
        ReadOnlySpan<byte> bytes = text.Bytes;
        int bom = bytes.StartsWith(Encoding.UTF8.Preamble) ? 3 : 0;
        if (bytes[bom..].Trim(" \t\r\n"u8).IsEmpty)
        {
            throw text.Problem(new ConfigPlace(0), "the file is empty. An experiment is a JSON object; see \"sim config schema\".");
        }
        int nul = bytes.IndexOf((byte)0);
        if (nul >= 0)
        {
            throw text.Problem(new ConfigPlace(nul), "a NUL byte: this is a binary file, not an experiment in JSON.");
        }
        if (!Utf8.IsValid(bytes))
        {
            throw text.Problem(new ConfigPlace(FirstInvalidUtf8(bytes)), "not UTF-8: this is no JSON text. Save the file as UTF-8.");
        }
        return Parse(text, bytes[bom..], offset => new ConfigPlace(bom + offset));
    }

    /// <summary>Reads the JSON value of a <c>--set</c>; every place in it is the option.</summary>
    /// <exception cref="ExperimentException">The text is not JSON.</exception>
    public static ConfigNode ParseOption(string option, string json)
    {
        var place = new ConfigPlace(-1, option);
        byte[] bytes = Encoding.UTF8.GetBytes(json);
        return Parse(new ConfigText(option, bytes), bytes, _ => place);
    }

    private static ConfigNode Parse(ConfigText text, ReadOnlySpan<byte> json, Func<long, ConfigPlace> placeOf)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions
        {
            CommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            MaxDepth = 2 * MaxDepth,
        });
        try
        {
            reader.Read();
            int values = 0;
            ConfigNode root = ReadValue(ref reader, text, placeOf, ref values);
            if (reader.Read())
            {
                throw text.Problem(placeOf(reader.TokenStartIndex), "something follows the end of the JSON value. Remove it.");
            }
            return root;
        }
        catch (JsonException e)
        {
            throw text.Problem(placeOf(OffsetOf(json, e)), $"not valid JSON: {Sentence(e.Message)}");
        }
        catch (InvalidOperationException)
        {
            throw text.Problem(placeOf(reader.TokenStartIndex), "a string with half a surrogate pair (\\uD800 to \\uDFFF). Write the character itself.");
        }
    }

    private static ConfigNode ReadValue(ref Utf8JsonReader reader, ConfigText text, Func<long, ConfigPlace> placeOf, ref int values)
    {
        ConfigPlace place = placeOf(reader.TokenStartIndex);
        if (reader.CurrentDepth >= MaxDepth)
        {
            throw text.Problem(place, $"nested more than {MaxDepth} levels deep. No setting lies that deep.");
        }
        if (++values > MaxValues)
        {
            throw text.Problem(place, $"more than {MaxValues} values. Put bulk data into a trace file.");
        }
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var obj = new ConfigNode(ConfigKind.Object, place);
                var keys = new HashSet<string>(StringComparer.Ordinal);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    ConfigPlace keyPlace = placeOf(reader.TokenStartIndex);
                    string key = reader.GetString()!;
                    if (!keys.Add(key))
                    {
                        throw text.Problem(keyPlace, $"the key \"{key}\" is there twice. Remove one.");
                    }
                    reader.Read();
                    obj.Members.Add(new ConfigMember(key, keyPlace, ReadValue(ref reader, text, placeOf, ref values)));
                }
                return obj;
            case JsonTokenType.StartArray:
                var array = new ConfigNode(ConfigKind.Array, place);
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    array.Items.Add(ReadValue(ref reader, text, placeOf, ref values));
                }
                return array;
            case JsonTokenType.String:
                return new ConfigNode(ConfigKind.String, place, reader.GetString()!);
            case JsonTokenType.Number:
                return new ConfigNode(ConfigKind.Number, place, Encoding.ASCII.GetString(reader.ValueSpan));
            case JsonTokenType.True:
                return new ConfigNode(ConfigKind.True, place);
            case JsonTokenType.False:
                return new ConfigNode(ConfigKind.False, place);
            default:
                return new ConfigNode(ConfigKind.Null, place);
        }
    }

    private static long OffsetOf(ReadOnlySpan<byte> json, JsonException e)
    {
        long line = e.LineNumber ?? 0;
        int start = 0;
        for (; line > 0 && start < json.Length; line--)
        {
            int newline = json[start..].IndexOf((byte)'\n');
            start = newline < 0 ? json.Length : start + newline + 1;
        }
        return Math.Min(json.Length, start + (e.BytePositionInLine ?? 0));
    }

    /// <summary>The reader's words without the position it appends, which counts from 0.</summary>
    private static string Sentence(string message)
    {
        int end = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }

    private static int FirstInvalidUtf8(ReadOnlySpan<byte> bytes)
    {
        int offset = 0;
        while (Rune.DecodeFromUtf8(bytes[offset..], out _, out int length) == System.Buffers.OperationStatus.Done)
        {
            offset += length;
        }
        return offset;
    }
}
