package parley_test

import amqp "github.com/rabbitmq/amqp091-go"

func nativeHandler(amqp.Delivery) {}
