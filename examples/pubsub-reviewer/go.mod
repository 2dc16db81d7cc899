module turnkeeper/examples/pubsub-reviewer

go 1.22
