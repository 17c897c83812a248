//! The main job: two paired agents exchange files.

use agentdrop_test_support::app::{App, Backend};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_reaches_the_paired_agent() {
    for backend in Backend::ALL {
        let app = App::start(backend).await;
        let pair = app.pair().await;
        let content = b"hello beta".repeat(1_000);
        let sent =
            app.send(&pair.alpha.key, "alpha", "beta", &content, &[("message", "hi")]).await.expect(201);
        assert_eq!(sent["total_size"], content.len());
        let inbox = app.get(&format!("/v1/agents/{}/inbox", pair.beta.id), &pair.beta.key).await.expect(200);
        assert_eq!(inbox["transfers"][0]["id"], sent["id"]);
        assert_eq!(inbox["transfers"][0]["sender_account_name"], "ann");
        let files = app.download(&pair.beta.key, &sent.text("id")).await;
        assert_eq!(files, [content]);
    }
}
