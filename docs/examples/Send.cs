// Gửi tệp JSON tới trục dữ liệu | Send a file of JSON: HUB_URL, HUB_KEY; dotnet run FILE CONTRACT
// .NET, or Mono: mcs -r:System.Net.Http.dll Send.cs && mono Send.exe FILE CONTRACT
// The key of idempotency is the file's digest: sent again after a broken connection, it counts once.

using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Threading.Tasks;

static class Send
{
    static int Main(string[] args) => Run(args).GetAwaiter().GetResult();

    static async Task<int> Run(string[] args)
    {
        byte[] body = File.ReadAllBytes(args[0]);
        string digest = BitConverter.ToString(SHA256.Create().ComputeHash(body)).Replace("-", "").ToLowerInvariant();
        string url = Environment.GetEnvironmentVariable("HUB_URL") + "/v1/events/" + args[1];
        string key = Environment.GetEnvironmentVariable("HUB_KEY");
        var client = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        for (int wait = 1; ; wait *= 2)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            request.Headers.Add("Idempotency-Key", digest);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            try
            {
                HttpResponseMessage answer = await client.SendAsync(request);
                int status = (int)answer.StatusCode;
                if ((status != 408 && status != 429 && status != 503) || wait > 16)
                {
                    Console.WriteLine(await answer.Content.ReadAsStringAsync());
                    return status == 202 ? 0 : 1;
                }
            }
            catch (HttpRequestException) when (wait <= 16) { }
            catch (TaskCanceledException) when (wait <= 16) { }
            await Task.Delay(TimeSpan.FromSeconds(wait));
        }
    }
}
