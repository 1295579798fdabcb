using System.Globalization;
using System.Text;

namespace Sim.Host.Parity.Calls;

/// <summary>What the pages of an area are, as a run-length list: 5.2AZ for five absent, two anonymous, one zero page.</summary>
internal sealed class PageRuns
{
    private readonly StringBuilder _text = new();
    private char _kind;
    private long _count;

    /// <summary>Adds pages of a kind.</summary>
    public void Add(char kind, long count)
    {
        if (kind != _kind)
        {
            Flush();
            _kind = kind;
        }
        _count += count;
    }

    /// <summary>The list; begins a new one.</summary>
    public string Finish()
    {
        Flush();
        _kind = '\0';
        string text = _text.ToString();
        _text.Clear();
        return text;
    }

    /// <summary>The kinds page by page.</summary>
    /// <exception cref="FormatException">A count is too large.</exception>
    public static IEnumerable<char> Expand(string runs)
    {
        int count = 0;
        foreach (char c in runs)
        {
            if (char.IsAsciiDigit(c))
            {
                count = checked((count * 10) + c - '0');
                continue;
            }
            for (int i = 0; i < Math.Max(count, 1); i++)
            {
                yield return c;
            }
            count = 0;
        }
    }

    private void Flush()
    {
        if (_count > 1)
        {
            _text.Append(_count.ToString(CultureInfo.InvariantCulture));
        }
        if (_count > 0)
        {
            _text.Append(_kind);
        }
        _count = 0;
    }
}
