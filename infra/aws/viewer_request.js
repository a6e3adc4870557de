// CloudFront runs this function for each request. It tells the API the address and the host of the visitor, and replaces
// these headers if the visitor has sent them. The origin request policy cannot do this: a policy that leaves out the
// header Host, which API Gateway requires, does not add the headers of CloudFront.
function handler(event) {
  var request = event.request;
  request.headers['x-viewer-address'] = { value: event.viewer.ip };
  request.headers['x-viewer-host'] = { value: request.headers.host.value };
  return request;
}
