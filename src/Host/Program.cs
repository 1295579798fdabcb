using Sim.Host;

return await SimApplication.RunAsync(args, StandardStreams.Open(), CancellationToken.None);
