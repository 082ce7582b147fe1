// The answers of the Gateway besides 202, with their status. Pure data: the OpenAPI document and the reference page are made from it.

export const answers: readonly (readonly [number, string])[] = [
  [400, "Nothing in the body can be read: code unreadable-delivery, with the faults of up to 20 alerts."],
  [401, "The token is absent or not valid."],
  [403, "The caller may not send alerts."],
  [413, "The body has more than 10 MiB, or more than 10,000 alerts."],
  [415, "The body is not application/json."],
  [503, "Some alerts are not stored, or none can be stored now. Repeat the same delivery after Retry-After seconds."],
];
