import { Controller, Get, Header, Param, Req, Res } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { WithoutKey } from '../auth/without-key.decorator.js';
import { Settings } from '../config/settings.js';
import { unknownRoute } from '../openai/error-catalogue.js';
import { ApiRoute } from './api-route.decorator.js';
import { describedRoutes } from './described-routes.js';
import { dtoSchemas } from './dto-schemas.js';
import { documentText, openapiDocument } from './openapi-document.js';
import { STRING } from './schema.js';
import { type Asset, CONTENT_SECURITY_POLICY, swaggerAsset, swaggerPage } from './swagger-page.js';

/** The version of the API, which is the path's v1. */
const VERSION = '1.0.0';

@Controller()
export class ApiDocsController {
  private text: string | null = null;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly settings: Settings,
  ) {}

  @ApiRoute({ summary: 'This document', tag: 'Documentation', answer: { type: 'object' } })
  @WithoutKey('docsPublic')
  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  document(): string {
    this.text ??= documentText(
      openapiDocument(describedRoutes(this.discovery, this.scanner), dtoSchemas(this.settings), VERSION),
    );
    return this.text;
  }

  @ApiRoute({ summary: 'This document as a page', tag: 'Documentation', answer: STRING, contentType: 'text/html' })
  @WithoutKey('docsPublic')
  @Get('docs')
  async page(@Res() reply: FastifyReply): Promise<void> {
    await send(reply, swaggerPage);
  }

  @ApiRoute({
    summary: "A file of the page's",
    tag: 'Documentation',
    parameters: { file: { type: 'string', enum: ['start.js', 'swagger-ui.css', 'swagger-ui-bundle.js'] } },
    answer: {},
    contentType: '*/*',
    errors: [404],
  })
  @WithoutKey('docsPublic')
  @Get('docs/:file')
  async file(@Param('file') file: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const asset = await swaggerAsset(file);
    if (asset === null) throw unknownRoute(request.method, request.url.slice(0, 200));
    await send(reply, asset);
  }
}

async function send(reply: FastifyReply, { type, body }: Asset): Promise<void> {
  await reply
    .header('content-type', type)
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('cache-control', 'no-cache')
    .send(body);
}
