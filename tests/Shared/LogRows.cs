using System.Globalization;
using System.Text;
using Sim.Engine.Events;
using Sim.Engine.Log;
using Sim.Engine.Replay;

namespace Sim.Engine.Tests.Tables;

/// <summary>
/// The rows tables should have, found the long way: every event's text form is taken apart again, value by value.
/// Shares nothing with the projection but the catalogue.
/// </summary>
internal sealed class LogRows
{
    private readonly Dictionary<string, Dictionary<string, List<object>>> _tables = [];
    private readonly Dictionary<string, int> _symbolIds = new() { [""] = 0 };

    /// <summary>Columns by table and name, in order.</summary>
    public IReadOnlyDictionary<string, Dictionary<string, List<object>>> Tables => _tables;

    public static LogRows Of(LogReader log)
    {
        var rows = new LogRows();
        var cursor = new EventCursor(log);
        var text = new StringBuilder();
        while (cursor.MoveNext())
        {
            text.Clear();
            cursor.AppendText(text);
            rows.Add(cursor.Descriptor, text.ToString(), log.Header.Identity.RunId);
        }
        return rows;
    }

    private void Add(EventDescriptor e, string line, string runId)
    {
        string[] words = line.Split(' ');
        Dictionary<string, string> values = words.Skip(3).ToDictionary(word => word.Split('=', 2)[0], word => word.Split('=', 2)[1]);
        string table = words[2].Replace('.', '_');
        long timePs = Number(words[1]);
        Put(table, "run_id", runId);
        Put(table, "seq", Number(words[0]));
        Put(table, "time_ns", (long)decimal.Floor(timePs / 1000m));
        if (values.TryGetValue("cpu", out string? cpu))
        {
            Put(table, "cpu", (int)Number(cpu));
        }
        Put(table, "cause_seq", Number(values.GetValueOrDefault("cause", "-1")));
        Put(table, "time_ps", timePs);
        foreach (FieldDescriptor field in e.Fields.Where(field => field.Column != "cpu"))
        {
            string value = values[field.Column];
            switch (field.Type)
            {
                case FieldType.Bool:
                    Put(table, field.Column, value == "true");
                    break;
                case FieldType.Enum:
                    Put(table, field.Column, value);
                    break;
                case FieldType.Symbol when e.Kind == SymbolEvent.Kind:
                    _symbolIds.Add(value, (int)Number(values["id"]));
                    Put(table, field.Column, value);
                    break;
                case FieldType.Symbol:
                    Put(table, field.Column, value);
                    Put(table, field.Column + "_id", _symbolIds[value]);
                    break;
                case FieldType.Address:
                    Put(table, field.Column + "_vpn", (long)((ulong)Number(value) / 4096));
                    Put(table, field.Column + "_page_offset", (int)((ulong)Number(value) % 4096));
                    break;
                case FieldType.Int64:
                    Put(table, field.Column, Number(value));
                    break;
                default:
                    Put(table, field.Column, (int)Number(value));
                    break;
            }
        }
    }

    private static long Number(string text) => text.StartsWith("0x", StringComparison.Ordinal)
        ? (long)ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : long.Parse(text, CultureInfo.InvariantCulture);

    private void Put(string table, string column, object value)
    {
        if (!_tables.TryGetValue(table, out Dictionary<string, List<object>>? columns))
        {
            _tables[table] = columns = [];
        }
        if (!columns.TryGetValue(column, out List<object>? values))
        {
            columns[column] = values = [];
        }
        values.Add(value);
    }
}
