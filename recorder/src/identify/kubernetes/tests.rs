//! The watch against a stand-in for the API server: a real one needs a cluster, and what matters here is what goes over
//! the wire: the list of this node's pods, events after it, an outage, and a list anew.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::identify::pods::Pods;

/// A server that gives its answers in order, one connection each, and keeps the paths that were asked for.
fn server(answers: Vec<String>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let paths = Arc::clone(&asked);
    std::thread::spawn(move || {
        for answer in answers {
            let Ok((mut connection, _)) = listener.accept() else { return };
            let path = request(&mut connection);
            paths.lock().unwrap().push(path);
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    (address, asked)
}

fn request(connection: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|n| n > 0) {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).split(' ').nth(1).unwrap_or_default().to_owned()
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn list(items: &str) -> String {
    answer(
        "200 OK",
        &format!(
            r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{"resourceVersion":"5"}},"items":[{items}]}}"#
        ),
    )
}

fn pod(uid: &str, name: &str, id: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}","namespace":"prod","uid":"{uid}","resourceVersion":"6",
        "labels":{{"app":"web"}},"managedFields":[{{"manager":"kubelet","operation":"Update","fieldsV1":{{"f:x":{{}}}}}}]}},
        "spec":{{"containers":[{{"name":"app","env":[{{"name":"A","value":"b"}}]}}]}},
        "status":{{"containerStatuses":[{{"name":"app","image":"i","restartCount":1,"containerID":"containerd://{id}"}}]}}}}"#
    )
    .replace('\n', " ")
}

fn news_of(receiver: &Receiver<Message>, pods: &mut Pods, until: impl Fn(&Pods) -> bool) {
    while !until(pods) {
        match receiver.recv_timeout(Duration::from_secs(30)) {
            Ok(Message::Pods(news)) => pods.apply(news),
            other => panic!("no news: {:?}", other.err()),
        }
    }
}

/// REC-7: pods are listed and then followed; after an outage what has gone meanwhile is forgotten.
#[test]
fn pods_are_followed() {
    let event = |kind: &str, pod: &str| format!("{{\"type\":\"{kind}\",\"object\":{pod}}}\n");
    let watched = event("ADDED", &pod("u3", "web-2", "c3")) + &event("DELETED", &pod("u1", "web-0", "c1"));
    let gone = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old","reason":"Expired","code":410}"#;
    let (address, asked) = server(vec![
        list(&(pod("u1", "web-0", "c1") + "," + &pod("u2", "web-1", "c2"))),
        answer("200 OK", &watched),
        answer("410 Gone", gone),
        answer("500 Internal Server Error", "{}"),
        list(&pod("u4", "web-3", "c4")),
    ]);
    let (sender, receiver) = sync_channel(64);
    spawn(kube::Config::new(address.parse().unwrap()), "node-1".to_owned(), sender).unwrap();
    let knows = |pods: &Pods, id: &str| pods.identity(Some(id), None).container_name.is_some();
    let mut pods = Pods::default();
    news_of(&receiver, &mut pods, |p| knows(p, "c1") && knows(p, "c2"));
    let c = pods.identity(Some("c1"), Some("u1"));
    assert_eq!(c.labels.unwrap().value["app"], "web");
    assert_eq!(c.restart_count.unwrap().value, 1);
    news_of(&receiver, &mut pods, |p| knows(p, "c3") && !knows(p, "c1"));
    news_of(&receiver, &mut pods, |p| knows(p, "c4") && !knows(p, "c2") && !knows(p, "c3"));
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("/api/v1/pods?"), "{asked:?}");
    assert!(asked.iter().all(|path| path.contains("fieldSelector=spec.nodeName%3Dnode-1")), "{asked:?}");
    assert!(asked[0].contains("resourceVersion=0") && !asked[0].contains("limit"), "{asked:?}");
    assert!(asked[1].contains("watch=true"), "{asked:?}");
}

/// REC-9: why there is no connection is said, once, behind the words that only say that there is none.
#[test]
fn errors_say_their_cause() {
    let inner = std::io::Error::other("invalid peer certificate");
    let config = kube::Error::Service(Box::new(std::io::Error::other(inner)));
    let text = with_causes(&watcher::Error::InitialListFailed(config));
    assert_eq!(text.matches("invalid peer certificate").count(), 1, "{text}");
    assert!(text.starts_with("failed to perform initial object list"), "{text}");
}
