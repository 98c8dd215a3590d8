package contender

import (
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// overRabbitMQ is parley with its default reply mode, the inbox.
func overRabbitMQ() overParley {
	return overParley{transport: func(url string) transport.Transport { return rabbitmq.New(url) }}
}

// withDirectReplies is parley with direct reply-to.
func withDirectReplies() overParley {
	return overParley{transport: func(url string) transport.Transport {
		return rabbitmq.New(url, rabbitmq.DirectReplies())
	}}
}
