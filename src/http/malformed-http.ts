// Requests that Node's HTTP parser rejects. They are answered with a problem document too, directly on the socket.
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { Problem, PROBLEM_TYPE, problemDocument, PROBLEMS, type ProblemCode } from './problem.ts';

const CODES: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

/** Listener for a server's `clientError`. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // The client reset the connection, or a response is already being sent: no problem can be sent.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'malformed_http';
  const { status, title } = PROBLEMS[code];
  const body = JSON.stringify(problemDocument(new Problem(code, `${title}.`)));
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: ${PROBLEM_TYPE}\r\n`;
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
