using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using Sim.Hardware.Dram;

namespace Sim.Kernel.ProcFs;

/// <summary>A bank of the memory devices.</summary>
/// <param name="Rank">Rank on the channel.</param>
/// <param name="Bank">Bank of the rank.</param>
/// <param name="OpenRow">The row in its row buffer; -1 when it is closed.</param>
public sealed record DramBankRow(
    [property: JsonPropertyName("rank")] int Rank,
    [property: JsonPropertyName("bank")] int Bank,
    [property: JsonPropertyName("openRow")] int OpenRow);

/// <summary>The open rows of all banks: <c>show RUN dram</c>.</summary>
public static class DramView
{
    /// <summary>One row per bank.</summary>
    public static IReadOnlyList<DramBankRow> Rows(DramState state)
    {
        int[] open = state.OpenRows.ToArray();
        return [.. open.Select((row, bank) => new DramBankRow(bank / DramGeometry.BanksPerRank, bank % DramGeometry.BanksPerRank, row))];
    }

    /// <summary>A line per bank.</summary>
    public static string Render(DramState state)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"refreshes {state.Refreshes}\nrank bank open row\n"));
        foreach (DramBankRow row in Rows(state))
        {
            text.Append(CultureInfo.InvariantCulture, $"{row.Rank,4} {row.Bank,4} {(row.OpenRow < 0 ? "closed" : "0x" + row.OpenRow.ToString("x", CultureInfo.InvariantCulture))}\n");
        }
        return text.ToString();
    }
}
