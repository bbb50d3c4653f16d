// A service over HTTP: the models of its configuration, their log-likelihoods and samples.
using Juice.Service;
using Juice.Service.Batching;
using Juice.Service.Endpoints;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(args);

builder.Services.AddJuice();
builder.Services.AddHealthChecks().AddJuice();

builder.Services.AddOptions<ServiceOptions>().BindConfiguration(ServiceOptions.SectionName).ValidateOnStart();
builder.Services.AddSingleton<IValidateOptions<ServiceOptions>, ServiceOptions.Validator>();
builder.Services.AddSingleton<ServiceMetrics>();
builder.Services.AddSingleton<Batchers>();
builder.Services.AddHostedService(services => services.GetRequiredService<Batchers>());

builder.Services.AddRateLimiter(_ => { });
builder.Services.AddOptions<RateLimiterOptions>().Configure<IOptions<ServiceOptions>>((limits, options) => SampleEndpoint.Configure(limits, options.Value));

builder.Services.AddProblemDetails();
builder.Services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServiceOptions>>((kestrel, options) =>
    kestrel.Limits.MaxRequestBodySize = options.Value.MaxRequestBytes);

WebApplication app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages();
app.UseRateLimiter();
app.MapHealthChecks("/health");
app.MapHealthChecks("/health/live", new() { Predicate = _ => false });
ModelsEndpoints.Map(app);
app.Run();
