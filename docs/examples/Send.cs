// Gửi tệp JSON tới trục dữ liệu | Send a file of JSON: HUB_URL, HUB_KEY; dotnet run FILE CONTRACT
// .NET 6 or later. The key of idempotency is the file's digest: sent again after a broken connection,
// it counts once.

using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

byte[] body = File.ReadAllBytes(args[0]);
string key = Convert.ToHexString(SHA256.HashData(body)).ToLowerInvariant();
string url = $"{Environment.GetEnvironmentVariable("HUB_URL")}/v1/events/{args[1]}";
using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
for (int wait = 1; ; wait *= 2)
{
    using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
    request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("HUB_KEY"));
    request.Headers.Add("Idempotency-Key", key);
    request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
    try
    {
        using HttpResponseMessage answer = await client.SendAsync(request);
        bool isToWait = answer.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable;
        if (!isToWait || wait > 16)
        {
            Console.WriteLine(await answer.Content.ReadAsStringAsync());
            return answer.StatusCode == HttpStatusCode.Accepted ? 0 : 1;
        }
    }
    catch (HttpRequestException) when (wait <= 16) { }
    await Task.Delay(TimeSpan.FromSeconds(wait));
}
