package victim

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/parley-go/parley"
)

// rawWindow is how many items ahead a raw reader grants.
const rawWindow = 256

// RawStream reads a stream over the raw client: it takes the bodies as they
// come, looks at no number, and believes that the stream has ended when
// nothing came for silence. It returns early when item returns an error.
func RawStream(ctx context.Context, url, queue string, q Range, silence time.Duration, item func(id uint64) error) error {
	conn, err := dial(url)
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	defer conn.Close()
	ch, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	inbox, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	frames, err := ch.Consume(inbox.Name, "", true, true, false, false, nil)
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	r := &rawReader{ch: ch, granted: rawWindow}
	body, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	if err := r.send(ctx, queue, inbox.Name, "request", "application/json", body); err != nil {
		return err
	}
	return r.read(ctx, frames, silence, item)
}

type rawReader struct {
	ch *amqp.Channel
	// control is where credit goes: to whoever opened the stream last.
	control        string
	taken, granted int64
}

func (r *rawReader) send(ctx context.Context, to, replyTo, frame, contentType string, body []byte) error {
	err := r.ch.PublishWithContext(ctx, "", to, false, false, amqp.Publishing{
		ContentType: contentType, ReplyTo: replyTo, CorrelationId: "raw-stream-0123456789abcdef", Body: body,
		Headers: amqp.Table{parley.HeaderStreamFrame: frame, parley.HeaderStreamCredit: r.granted, parley.HeaderDeadline: int64(0)},
	})
	if err != nil {
		return fmt.Errorf("victim: %w", err)
	}
	return nil
}

func (r *rawReader) read(ctx context.Context, frames <-chan amqp.Delivery, silence time.Duration, item func(uint64) error) error {
	for {
		select {
		case d, ok := <-frames:
			if !ok {
				return nil
			}
			if err := r.take(ctx, &d, item); err != nil {
				return err
			}
		case <-time.After(silence):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (r *rawReader) take(ctx context.Context, d *amqp.Delivery, item func(uint64) error) error {
	switch d.Headers[parley.HeaderStreamFrame] {
	case "open":
		// A grant is in numbers of the run that has begun.
		r.control, r.taken, r.granted = d.ReplyTo, 0, rawWindow
		return nil
	case "item":
		id, err := ItemID(string(d.Body))
		if err != nil {
			return err
		}
		if r.taken++; r.granted-r.taken <= rawWindow/2 {
			r.granted = r.taken + rawWindow
			if err := r.send(ctx, r.control, "", "credit", "", nil); err != nil {
				return err
			}
		}
		return item(id)
	default:
		// An end or an error is no item.
		return nil
	}
}
