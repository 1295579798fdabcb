using System.Text;
using System.Text.Json;
using Sim.Engine.Replay;

namespace Sim.Host.Runs;

/// <summary>Events as lines of text, or as JSON Lines.</summary>
/// <param name="json">JSON Lines.</param>
internal sealed class EventLine(bool json) : IDisposable
{
    private readonly StringBuilder _text = new();
    private readonly MemoryStream _bytes = new();
    private Utf8JsonWriter? _json;

    /// <summary>The event the cursor stands at.</summary>
    public string Of(EventCursor cursor)
    {
        if (!json)
        {
            _text.Clear();
            cursor.AppendText(_text);
            return _text.ToString();
        }
        _bytes.SetLength(0);
        if (_json is null)
        {
            _json = new Utf8JsonWriter(_bytes);
        }
        else
        {
            _json.Reset();
        }
        cursor.WriteJson(_json);
        _json.Flush();
        return Encoding.UTF8.GetString(_bytes.GetBuffer().AsSpan(0, (int)_bytes.Length));
    }

    public void Dispose()
    {
        _json?.Dispose();
        _bytes.Dispose();
    }
}
