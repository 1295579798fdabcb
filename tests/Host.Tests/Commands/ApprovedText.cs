namespace Sim.Host.Tests.Commands;

/// <summary>
/// Texts that scripts or people rely on, kept beside the tests. With <c>SIM_APPROVE=1</c> in the environment the files
/// are written anew; look at the difference before committing it.
/// </summary>
internal static class ApprovedText
{
    /// <summary>Compares a text with a file of the repository.</summary>
    /// <param name="path">From the top of the repository.</param>
    public static void Check(string path, string text)
    {
        string file = Path.Combine(RepositoryRoot(), path);
        if (Environment.GetEnvironmentVariable("SIM_APPROVE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }
        Assert.True(File.Exists(file), $"{path} is missing; run the test with SIM_APPROVE=1 to write it.");
        Assert.True(File.ReadAllText(file) == text, $"{path} differs from what the program writes; run the test with SIM_APPROVE=1 and look at the difference.\n{text}");
    }

    /// <summary>The directory that holds Sim.sln.</summary>
    public static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Sim.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
