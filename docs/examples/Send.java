// Gửi tệp JSON tới trục dữ liệu | Send a file of JSON: HUB_URL, HUB_KEY; java Send.java FILE CONTRACT
// Only the JDK is needed (11 or later). The key of idempotency is the file's digest: sent again after a
// broken connection, it counts once.

import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;

public class Send {
    public static void main(String[] args) throws Exception {
        byte[] body = Files.readAllBytes(Path.of(args[0]));
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(body);
        HttpRequest request = HttpRequest.newBuilder()
            .uri(URI.create(System.getenv("HUB_URL") + "/v1/events/" + args[1]))
            .timeout(Duration.ofSeconds(60))
            .header("Authorization", "Bearer " + System.getenv("HUB_KEY"))
            .header("Idempotency-Key", String.format("%064x", new BigInteger(1, digest)))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build();
        HttpClient client = HttpClient.newHttpClient();
        for (int wait = 1; ; wait *= 2) {
            try {
                HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
                boolean isToWait = List.of(408, 429, 503).contains(answer.statusCode());
                if (!isToWait || wait > 16) {
                    System.out.println(answer.body());
                    System.exit(answer.statusCode() == 202 ? 0 : 1);
                }
            } catch (IOException error) {
                if (wait > 16) {
                    throw error;
                }
            }
            Thread.sleep(wait * 1000L);
        }
    }
}
