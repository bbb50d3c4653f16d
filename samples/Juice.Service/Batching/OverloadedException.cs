namespace Juice.Service.Batching;

/// <summary>The service has more to do than it takes on: to be tried again later.</summary>
internal sealed class OverloadedException(string message) : Exception(message);
