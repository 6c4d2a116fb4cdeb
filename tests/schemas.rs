//! Topics with a schema: set up, kept up to date, and lived with by both stages.

use anyhow::{Context, Result};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    CommitSchemaRequest, ListSchemaRevisionsRequest, PubsubMessage, Schema, schema::Type,
};
use payments::setup::{self, Finding, Line};
use schemas::layout::PerTable;
use whole_path::{Backend, Pipeline, tables};

async fn set_up(pipeline: &Pipeline, schema: &str, dry_run: bool) -> Result<Vec<Line>> {
    let topic_schema = Some(schema.to_owned());
    setup::run(&setup::Args { topic_schema, dry_run, ..pipeline.setup.clone() }).await
}

/// The lines about schemas, as they are printed.
fn schema_lines(lines: &[Line]) -> Vec<(Finding, String)> {
    let of_schemas = lines.iter().filter(|line| line.kind.contains("schema"));
    of_schemas.map(|line| (line.finding.clone(), format!("{} {}", line.kind, line.name))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_with_the_schema_takes_payments_and_refuses_anything_else() -> Result<()> {
    let pipeline = Pipeline::connect(Backend::embedded().await?).await?;
    let lines = set_up(&pipeline, "payments", true).await?;
    assert!(lines.iter().all(|line| line.finding == Finding::Absent), "{lines:?}");
    set_up(&pipeline, "payments", false).await?;
    let lines = set_up(&pipeline, "payments", false).await?;
    assert!(lines.iter().all(|line| line.finding == Finding::Present), "{lines:?}");
    assert_eq!(schema_lines(&lines).len(), 2);

    let generator = pipeline.produce(&["--num-records", "1000", "--invalid-rate", "0.02"]).await?;
    let garbage = PubsubMessage { data: vec![0xff, 0xff], ..Default::default() };
    let refused = pipeline.publish(vec![garbage]).await.map_err(|error| error.to_string());
    assert!(refused.is_err_and(|reason| reason.contains("failed validation")));
    let refused = pipeline.produce(&["--num-records", "1000", "--corrupt-rate", "0.01"]).await;
    let reason = refused.err().context("corrupt messages cannot be published")?.to_string();
    assert!(reason.contains("--corrupt-rate") && reason.contains("/schemas/payments"), "{reason}");
    let progress = pipeline.consume(&[]).await?;
    let rows = tables::counts(&pipeline.bigtable).await?;
    assert!((970..1_000).contains(&rows.by_customer), "{rows:?}");
    assert_eq!(rows, PerTable::same(1_000 - progress.dead_lettered.get() as usize));
    assert_eq!(generator.config().num_records, 1_000);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_put_on_a_topic_that_is_there_and_revised_when_the_message_has_changed() -> Result<()> {
    let pipeline = Pipeline::set_up(Backend::embedded().await?).await?;
    let lines = set_up(&pipeline, "payments", false).await?;
    let (schema, topic) = (pipeline.pubsub.schema_name("payments"), pipeline.pubsub.topic_name("payments"));
    assert_eq!(
        schema_lines(&lines),
        [
            (Finding::Created, format!("schema {schema}")),
            (Finding::Created, format!("schema of topic {topic}"))
        ]
    );
    let older = Schema {
        r#type: Type::ProtocolBuffer.into(),
        definition: format!("{}// as it was\n", schemas::PROTO),
        ..Default::default()
    };
    let request = CommitSchemaRequest { name: schema.clone(), schema: Some(older) };
    pipeline.pubsub.schemas().commit_schema(request).await?;
    let lines = set_up(&pipeline, "payments", false).await?;
    assert_eq!(
        schema_lines(&lines),
        [
            (Finding::Created, format!("schema revision {schema}")),
            (Finding::Present, format!("schema of topic {topic}"))
        ]
    );
    let request = ListSchemaRevisionsRequest { name: schema.clone(), ..Default::default() };
    let revisions = pipeline.pubsub.schemas().list_schema_revisions(request).await?.into_inner().schemas;
    assert_eq!(revisions.len(), 3);

    let lines = set_up(&pipeline, "another", false).await?;
    let differs = schema_lines(&lines).pop().context("a line about the topic")?;
    assert!(matches!(&differs.0, Finding::Differs(how) if how.contains(&schema)), "{differs:?}");
    assert!(setup::verdict(&lines).is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn google_s_emulator_has_no_protobuf_schemas_and_set_up_says_so() -> Result<()> {
    let Some(backend) = Backend::google().await? else { return Ok(()) };
    let pipeline = Pipeline::connect(backend).await?;
    let refused = set_up(&pipeline, "payments", false).await;
    let reason = refused.err().context("the emulator has no protobuf schemas")?;
    assert!(reason.is::<service::Error>(), "{reason}");
    let line = reason.to_string();
    assert!(line.contains("--topic-schema") && line.contains("no protobuf schemas"), "{line}");
    assert_eq!(line.lines().count(), 1, "{line}");
    Ok(())
}
